import { Module } from '@nestjs/common';
import { Configuration } from '../config/configuration.js';
import { Authenticators } from './authenticators.js';
import { FidoMetadata } from './fido-metadata.js';
import { IconsController } from './icons.controller.js';

const fidoMetadata = {
  provide: FidoMetadata,
  useFactory: ({ fidoMetadataFile }: Configuration) => FidoMetadata.load(fidoMetadataFile),
  inject: [Configuration],
};

/**
 * Names and icons by AAGUID with the route that serves the icons, and the FIDO metadata that attestations are trusted
 * by; `Configuration` comes from a global module.
 */
@Module({
  controllers: [IconsController],
  providers: [Authenticators, fidoMetadata],
  exports: [Authenticators, FidoMetadata],
})
export class AuthenticatorsModule {}
