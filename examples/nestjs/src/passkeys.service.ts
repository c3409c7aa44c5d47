import { Injectable } from '@nestjs/common';
import { PassageFlex } from '@keyway/passage-flex-node';
import { SignJWT } from 'jose';
import type { Session } from './sessions.service.js';
import { settings } from './settings.js';
import { type User, UsersService } from './users.service.js';

const { keyway, appId, apiKey, issuer, audience } = settings;

/** What this application asks of Keyway, and what it tells Keyway of its users. */
@Injectable()
export class PasskeysService {
  private readonly passage = new PassageFlex({ appId, apiKey, baseUrl: `${keyway}/v1` });
  private readonly secret = new TextEncoder().encode(settings.tokenSecret);

  constructor(private readonly users: UsersService) {}

  /** The user whose passkey has just signed in, and the passkey; null for any other nonce. */
  async signedInBy(
    nonce: string,
  ): Promise<{ readonly user: User; readonly passkeyId: string | null } | null> {
    const proof = await this.passage.auth.verify(nonce).catch(() => null);
    // A registration's nonce does not sign in, nor does one of another issuer's user.
    if (proof?.kind !== 'authenticate' || proof.issuer !== issuer) return null;
    const user = this.users.find(proof.subject ?? undefined);
    return user && { user, passkeyId: proof.deviceId };
  }

  /** The token by which Keyway knows who is signed in here. */
  tokenFor({ id, name }: User, { signedInAt }: Session): Promise<string> {
    return new SignJWT({ preferred_username: name, auth_time: signedInAt })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(id)
      .setExpirationTime('5 minutes')
      .sign(this.secret);
  }
}
