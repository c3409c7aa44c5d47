import { Module } from '@nestjs/common';
import { AppsModule } from '../flex/apps/apps.module.js';
import { WellKnownController } from './well-known.controller.js';

/** What an app's own site serves for browsers, password managers and systems. */
@Module({ imports: [AppsModule], controllers: [WellKnownController] })
export class WellKnownModule {}
