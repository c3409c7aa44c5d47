import { Module } from '@nestjs/common';
import { NonceRepository } from './nonce.repository.js';
import { NoncesController } from './nonces.controller.js';
import { NoncesService } from './nonces.service.js';

/** Single-use proofs of finished ceremonies. */
@Module({
  controllers: [NoncesController],
  providers: [NonceRepository, NoncesService],
  exports: [NonceRepository, NoncesService],
})
export class NoncesModule {}
