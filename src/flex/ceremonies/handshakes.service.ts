import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import type { AppPolicy } from '../apps/app.js';
import type { CeremonyKind } from '../transactions/ceremony-kind.js';
import { type Handshake, HandshakeSealer } from './handshake.js';
import { Refused } from './refused.js';

/** What verification is held to: the stricter of the policy at the start and the policy now. */
export interface Expectations {
  readonly challenge: string;
  readonly relyingParty: AppPolicy['relyingParty'];
  readonly requireUserVerification: boolean;
  readonly algorithms: readonly number[];
}

/** Issues handshakes and holds finishes to them. */
@Injectable()
export class HandshakesService {
  private readonly sealer: HandshakeSealer;

  constructor(configuration: Configuration) {
    this.sealer = new HandshakeSealer(embeddedPassageOf(configuration).secrets);
  }

  /** Binds a new challenge to app, kind and transaction. `now` in milliseconds since the epoch. */
  issue(
    kind: CeremonyKind,
    app: AppPolicy,
    transaction: Buffer | null,
    now: number,
  ): { readonly id: string; readonly challenge: string } {
    const challenge = randomBytes(32).toString('base64url');
    const id = this.sealer.seal({
      kind,
      appId: app.id,
      challenge,
      transaction: transaction && transaction.toString('base64url'),
      rpId: app.relyingParty.id,
      userVerification: app.userVerification,
      algorithms: app.algorithms,
      issuedAt: now,
      expiresAt: Math.ceil(now / 1000) + app.lifetimes.handshake,
    });
    return { id, challenge };
  }

  /** The handshake of a token, or null if we never issued it or its time is over. */
  open(id: string): Handshake | null {
    return this.sealer.open(id);
  }

  /** Throws `Refused` if the handshake was for something else or the app no longer allows it. */
  expectationsOf(handshake: Handshake, kind: CeremonyKind, app: AppPolicy): Expectations {
    if (handshake.kind !== kind) throw new Refused('handshake_of_other_kind');
    if (handshake.appId !== app.id) throw new Refused('handshake_of_other_app');
    if (handshake.rpId !== app.relyingParty.id) throw new Refused('rp_id_changed');
    if (handshake.issuedAt + app.lifetimes.handshake * 1000 < Date.now())
      throw new Refused('handshake_expired');
    return {
      challenge: handshake.challenge,
      relyingParty: app.relyingParty,
      requireUserVerification: [handshake.userVerification, app.userVerification].includes('required'),
      algorithms: handshake.algorithms.filter((algorithm) => app.algorithms.includes(algorithm)),
    };
  }
}
