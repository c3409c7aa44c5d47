import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { hashOf } from '../bearer-secret.js';
import { NonceRepository, type VerifiedNonce } from './nonce.repository.js';

/** Nonces: given by a finished ceremony, verified once by the app's server. */
@Injectable()
export class NoncesService {
  constructor(private readonly nonces: NonceRepository) {}

  /** Uses the nonce up. Throws `invalid_nonce` if it is unknown, expired, spent, revoked or of another app. */
  async verify(appId: string, nonce: string): Promise<VerifiedNonce> {
    const verified = await this.nonces.consume(appId, hashOf(nonce));
    if (!verified) throw new AppError('invalid_nonce');
    return verified;
  }
}
