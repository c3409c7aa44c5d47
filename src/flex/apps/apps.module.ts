import { Module } from '@nestjs/common';
import { AppOrigins } from './app-origins.js';
import { AppRepository } from './app.repository.js';
import { AppsController } from './apps.controller.js';

/** Relying parties and their WebAuthn policies. */
@Module({
  controllers: [AppsController],
  providers: [AppRepository, AppOrigins],
  exports: [AppRepository, AppOrigins],
})
export class AppsModule {}
