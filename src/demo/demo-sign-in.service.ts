import { Injectable } from '@nestjs/common';
import { SignJWT } from 'jose';
import { Configuration } from '../config/configuration.js';
import { AppError } from '../errors/app-error.js';
import { Passage } from '../passage/passage.js';
import { UserRepository } from '../users/user.repository.js';

const LIFETIME = 15 * 60; // seconds

/** A token for a made-up user; `expiresAt` in RFC 3339. */
export interface DemoSession {
  readonly token: string;
  readonly username: string;
  readonly expiresAt: string;
  /** The passkey that signed in; null by name. */
  readonly passkeyId: string | null;
}

/** Stands in for an application's own login: it believes any name, and any nonce that Keyway verifies. */
@Injectable()
export class DemoSignIn {
  constructor(
    private readonly configuration: Configuration,
    private readonly users: UserRepository,
    private readonly passage: Passage,
  ) {}

  withName(name: string): Promise<DemoSession> {
    return this.session(name, name);
  }

  /** Throws `invalid_nonce`, also for a nonce of a registration: that one proves no sign-in. */
  async withPasskey(nonce: string): Promise<DemoSession> {
    const { externalId, kind, deviceId } = await this.passage.verifyNonce(nonce);
    const user = kind === 'authenticate' ? await this.users.findByExternalId(externalId) : null;
    if (!user) throw new AppError('invalid_nonce');
    return this.session(user.subject, user.username, deviceId);
  }

  private async session(
    subject: string,
    username: string,
    passkeyId: string | null = null,
  ): Promise<DemoSession> {
    const { tokens, demo } = this.configuration;
    const { name: issuer, audience } = tokens.issuers[0]!;
    const now = Math.floor(Date.now() / 1000);
    const expiresAt = now + LIFETIME;
    const token = await new SignJWT({ preferred_username: username, auth_time: now })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setExpirationTime(expiresAt)
      .sign(demo!.signingKey);
    return { token, username, expiresAt: new Date(expiresAt * 1000).toISOString(), passkeyId };
  }
}
