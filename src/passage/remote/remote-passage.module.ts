import { Module } from '@nestjs/common';
import { Configuration, remotePassageOf } from '../../config/configuration.js';
import { AllowedOrigins } from '../../http/cors.js';
import { Passage } from '../passage.js';
import { Provider } from './provider.js';
import { RemoteApp } from './remote-app.js';
import { RemotePassage } from './remote-passage.js';

/** Provides `Passage`, and the origins that may call, from the Flex server of `PASSAGE_BASE_URL`. */
@Module({
  providers: [
    {
      provide: Provider,
      inject: [Configuration],
      useFactory: (configuration: Configuration) => new Provider(remotePassageOf(configuration)),
    },
    RemoteApp,
    { provide: Passage, useClass: RemotePassage },
    { provide: AllowedOrigins, useExisting: RemoteApp },
  ],
  exports: [Passage],
})
export class RemotePassageModule {}
