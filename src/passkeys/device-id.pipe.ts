import { Injectable, type PipeTransform } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { isDeviceId } from './passkeys.dto.js';

/** Lets through what can be the id of a passkey; anything else is as unknown as a passkey of somebody else. */
@Injectable()
export class DeviceIdPipe implements PipeTransform<string, string> {
  transform(id: string): string {
    if (!isDeviceId(id)) throw new AppError('device_not_found');
    return id;
  }
}
