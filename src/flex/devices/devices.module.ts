import { Module } from '@nestjs/common';
import { AuthenticatorsModule } from '../../authenticators/authenticators.module.js';
import { DeviceRepository } from './device.repository.js';
import { DevicesService } from './devices.service.js';

/** The passkeys of every app's users. */
@Module({
  imports: [AuthenticatorsModule],
  providers: [DeviceRepository, DevicesService],
  exports: [DeviceRepository, DevicesService],
})
export class DevicesModule {}
