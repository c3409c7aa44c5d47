import { Module } from '@nestjs/common';
import { AppOrigins } from './app-origins.js';
import { AppPolicies } from './app-policies.js';
import { AppProvisioning } from './app-provisioning.js';
import { AppRepository } from './app.repository.js';
import { AppsController } from './apps.controller.js';
import { AppsService } from './apps.service.js';

/** The apps: relying parties with their rules. */
@Module({
  controllers: [AppsController],
  providers: [AppRepository, AppPolicies, AppOrigins, AppsService, AppProvisioning],
  exports: [AppRepository, AppPolicies, AppOrigins, AppsService, AppProvisioning],
})
export class AppsModule {}
