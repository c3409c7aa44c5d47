import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { readUnproven } from '../../webauthn/verify-authentication.js';
import type { AppPolicy } from '../apps/app.js';
import { type Handshake, HandshakesService } from './handshakes.service.js';
import { UnknownCredentialRepository } from './unknown-credential.repository.js';

/** Decides whether a page may learn that the app does not know a passkey, so that it can tell the browser to forget it. */
@Injectable()
export class UnknownCredentials {
  constructor(
    private readonly handshakes: HandshakesService,
    private readonly traces: UnknownCredentialRepository,
  ) {}

  /**
   * Of a discoverable sign-in alone, and only if its form, challenge, origin, RP ID and flags hold: what was made up tells
   * nothing. The app's setting decides whether a tombstone is needed. Never of an inactive user: their passkeys come back
   * with them. `handshake` is one of this app's sign-ins.
   */
  async mayBeTold(response: unknown, handshake: Handshake, app: AppPolicy): Promise<boolean> {
    if (app.unknownCredential === 'never' || handshake.transaction !== null) return false;
    const expected = this.handshakes.expectationsOf(handshake, 'authenticate', app);
    const presented = readUnproven(response, expected);
    // Without a handle it could be an inactive user's.
    if (!presented?.userHandle) return false;
    const { credentialId, userHandle: handle } = presented;
    const { isKnown, isRevoked, isOfInactiveUser } = await this.traces.find({
      appId: app.id,
      credentialId,
      credentialHash: createHash('sha256').update(credentialId).digest(),
      handle,
    });
    if (isKnown || isOfInactiveUser) return false;
    return isRevoked || app.unknownCredential === 'any';
  }
}
