import { Injectable } from '@nestjs/common';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { AppError } from '../../errors/app-error.js';
import type { Identity } from '../../users/user.repository.js';
import { hashOf } from '../bearer-secret.js';
import { NonceRepository, type VerifiedNonce } from './nonce.repository.js';

/** Nonces: given by a finished ceremony, verified once by the app's server. */
@Injectable()
export class NoncesService {
  /** The one app that has identities: that of the user's API. */
  private readonly ownAppId: string;

  constructor(
    private readonly nonces: NonceRepository,
    configuration: Configuration,
  ) {
    this.ownAppId = embeddedPassageOf(configuration).app.id;
  }

  /**
   * Uses the nonce up. Throws `invalid_nonce` if it is unknown, expired, spent, revoked, of a step-up or of another app, and if its user is
   * not tied to the identity that acts for itself, if one does; it is used up then as well.
   */
  async verify(appId: string, nonce: string, tiedTo?: Identity): Promise<VerifiedNonce> {
    const { issuer, subject } = tiedTo ?? { issuer: null, subject: null };
    const { ownAppId } = this;
    const verified = await this.nonces.consume({ appId, hash: hashOf(nonce), ownAppId, issuer, subject });
    if (!verified || (tiedTo && !verified.isActors)) throw new AppError('invalid_nonce');
    return verified;
  }
}
