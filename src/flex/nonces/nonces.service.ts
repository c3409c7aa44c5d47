import { Injectable } from '@nestjs/common';
import { Configuration, embeddedPassageOf } from '../../config/configuration.js';
import { AppError } from '../../errors/app-error.js';
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

  /** Uses the nonce up. Throws `invalid_nonce` if it is unknown, expired, spent, revoked or of another app. */
  async verify(appId: string, nonce: string): Promise<VerifiedNonce> {
    const verified = await this.nonces.consume(appId, hashOf(nonce), this.ownAppId);
    if (!verified) throw new AppError('invalid_nonce');
    return verified;
  }
}
