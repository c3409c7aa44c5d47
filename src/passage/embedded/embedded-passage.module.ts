import { Module } from '@nestjs/common';
import { AppOrigins } from '../../flex/apps/app-origins.js';
import { FlexModule } from '../../flex/flex.module.js';
import { AllowedOrigins } from '../../http/cors.js';
import { Passage } from '../passage.js';
import { EmbeddedPassage } from './embedded-passage.js';

/** Provides `Passage` and `AllowedOrigins` from the Flex backend of this process. */
@Module({
  imports: [FlexModule],
  providers: [
    { provide: Passage, useClass: EmbeddedPassage },
    { provide: AllowedOrigins, useExisting: AppOrigins },
  ],
  exports: [Passage, FlexModule],
})
export class EmbeddedPassageModule {}
