import { Body, Controller, Delete, Get, HttpCode, Param, Patch, UsePipes } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { LenientBody } from '../../http/body.pipe.js';
import { IsDisplayText } from '../../http/display-text.js';
import { RequiresApiKey } from '../api-keys/requires-api-key.decorator.js';
import { toDevice } from '../devices/device.json.js';
import { DevicesService } from '../devices/devices.service.js';
import type { ActOfPerson } from '../step-up/step-up.js';
import { PersonsAct } from '../step-up/act-of-person.decorator.js';
import { NamedUser, type UserKey } from '../user-key.js';

/** The new name of a device. */
export class RenameDeviceDto {
  @IsDisplayText()
  friendly_name: string;
}

/** The Flex protocol's server side: the passkeys of one user, named by our id or by the application's own. */
@Controller(['v1/apps/:app/users/:user_id/devices', 'v1/apps/:app/external-users/:external_id/devices'])
@RequiresApiKey()
export class UserDevicesController {
  constructor(private readonly devices: DevicesService) {}

  @Get()
  async list(@Param('app') app: string, @NamedUser() user: UserKey) {
    const { devices } = await this.devices.require(app, user, 'as the app wants');
    return { devices: devices.map(toDevice) };
  }

  @Patch(':device_id')
  @UsePipes(LenientBody)
  async rename(
    @Param('app') app: string,
    @NamedUser() user: UserKey,
    @Param('device_id') id: string,
    @Body() { friendly_name: friendlyName }: RenameDeviceDto,
  ) {
    const renamed = this.devices.rename(app, user, { id, friendlyName }, 'as the app wants');
    return { device: toDevice(await this.orUnknownUser(renamed, app, user)) };
  }

  @Delete(':device_id')
  @HttpCode(200)
  async revoke(
    @Param('app') app: string,
    @NamedUser() user: UserKey,
    @Param('device_id') device: string,
    @PersonsAct() person: ActOfPerson | undefined,
  ) {
    await this.orUnknownUser(this.devices.revoke(app, user, device, person), app, user);
  }

  /** The protocol tells an unknown user from one who has no such passkey. */
  private async orUnknownUser<T>(act: Promise<T>, app: string, user: UserKey): Promise<T> {
    try {
      return await act;
    } catch (error) {
      if (error instanceof AppError && error.code === 'device_not_found')
        await this.devices.require(app, user);
      throw error;
    }
  }
}
