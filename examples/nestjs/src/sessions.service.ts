import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface Session {
  readonly id: string;
  readonly userId?: string;
  /** Seconds since the epoch. */
  readonly signedInAt?: number;
  /** The passkey that signed in. */
  readonly passkeyId?: string | null;
  /** Ties the login page to the nonce that it sends. */
  passkeyState?: string;
}

const COOKIE = /(?:^|;\s*)session=([\w-]+)/;

/** Stands for the application's own sessions. */
@Injectable()
export class SessionsService {
  private readonly byId = new Map<string, Session>();

  /** The session of a request; begins one if there is none. */
  of({ headers }: FastifyRequest, reply: FastifyReply): Session {
    const [, id = ''] = COOKIE.exec(headers.cookie ?? '') ?? [];
    return this.byId.get(id) ?? this.begin(reply, {});
  }

  /** The same session under another id, so that one who knew the old id has nothing of it. */
  renew(session: Session, reply: FastifyReply, changes: Partial<Session>): void {
    this.byId.delete(session.id);
    this.begin(reply, { ...session, ...changes });
  }

  end(session: Session, reply: FastifyReply): void {
    this.byId.delete(session.id);
    void reply.header('set-cookie', 'session=; Path=/; Max-Age=0');
  }

  private begin(reply: FastifyReply, content: Partial<Session>): Session {
    const session = { ...content, id: randomBytes(32).toString('base64url') };
    this.byId.set(session.id, session);
    const secure = reply.request.protocol === 'https' ? '; Secure' : '';
    void reply.header('set-cookie', `session=${session.id}; Path=/; HttpOnly; SameSite=Lax${secure}`);
    return session;
  }
}
