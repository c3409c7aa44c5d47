import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { NonceRepository } from './nonce.repository.js';
import { NoncesController } from './nonces.controller.js';
import { NoncesService } from './nonces.service.js';

/** Single-use proofs of finished ceremonies. */
@Module({
  imports: [ApiKeysModule],
  controllers: [NoncesController],
  providers: [NonceRepository, NoncesService],
  exports: [NonceRepository, NoncesService],
})
export class NoncesModule {}
