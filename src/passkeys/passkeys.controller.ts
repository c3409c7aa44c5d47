import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import { CurrentUser } from '../auth/current-user.decorator.js';
import { NoBody, StrictBody, StrictOptionalBody } from '../http/body.pipe.js';
import {
  BeginRegistrationDto,
  DeviceIdPipe,
  RenamePasskeyDto,
  RevokePasskeyDto,
  VerifyNonceDto,
} from './passkeys.dto.js';
import { PasskeysService } from './passkeys.service.js';

/** The user's API: everything is about the passkeys of the token's own user. */
@Controller()
export class PasskeysController {
  constructor(private readonly passkeys: PasskeysService) {}

  @Get('user/devices')
  list(@CurrentUser() caller: Caller) {
    return this.passkeys.list(caller);
  }

  @Post('user/revokePasskey')
  @HttpCode(200)
  @Header('content-type', 'text/plain; charset=utf-8')
  async revokePasskey(@CurrentUser() caller: Caller, @Body(StrictBody) { id }: RevokePasskeyDto) {
    await this.passkeys.revoke(caller, id);
    return 'OK';
  }

  @Delete('user/devices/:id')
  @HttpCode(204)
  async revoke(@CurrentUser() caller: Caller, @Param('id', DeviceIdPipe) id: string) {
    await this.passkeys.revoke(caller, id);
  }

  @Patch('user/devices/:id')
  rename(
    @CurrentUser() caller: Caller,
    @Param('id', DeviceIdPipe) id: string,
    @Body(StrictBody) { friendlyName }: RenamePasskeyDto,
  ) {
    return this.passkeys.rename(caller, id, friendlyName);
  }

  @Post('passkey/register')
  register(@CurrentUser() caller: Caller, @Body(StrictOptionalBody) { conditional }: BeginRegistrationDto) {
    return conditional ? this.passkeys.beginUpgrade(caller) : this.passkeys.beginRegistration(caller);
  }

  @Post('user/authenticate-with-passkey')
  authenticate(@CurrentUser() caller: Caller, @Body(NoBody) _body: undefined) {
    return this.passkeys.beginAuthentication(caller);
  }

  @Post('passkey/verify')
  @HttpCode(200)
  verify(@CurrentUser() caller: Caller, @Body(StrictBody) { nonce }: VerifyNonceDto) {
    return this.passkeys.verify(caller, nonce);
  }
}
