import { Module } from '@nestjs/common';
import { AuthenticatorsModule } from '../../authenticators/authenticators.module.js';
import { UsersModule as IdentitiesModule } from '../../users/users.module.js';
import { AppsModule } from '../apps/apps.module.js';
import { StepUpModule } from '../step-up/step-up.module.js';
import { DeviceRepository } from './device.repository.js';
import { DevicesService } from './devices.service.js';

/** The passkeys of every app's users. */
@Module({
  imports: [AuthenticatorsModule, IdentitiesModule, AppsModule, StepUpModule],
  providers: [DeviceRepository, DevicesService],
  exports: [DeviceRepository, DevicesService],
})
export class DevicesModule {}
