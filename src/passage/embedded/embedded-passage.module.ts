import { Module } from '@nestjs/common';
import { FlexModule } from '../../flex/flex.module.js';
import { Passage } from '../passage.js';
import { EmbeddedPassage } from './embedded-passage.js';

/** Provides `Passage` from the Flex backend of this process. */
@Module({
  imports: [FlexModule],
  providers: [{ provide: Passage, useClass: EmbeddedPassage }],
  exports: [Passage, FlexModule],
})
export class EmbeddedPassageModule {}
