import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import { CurrentUser } from '../auth/current-user.decorator.js';
import { NoBody, StrictBody, StrictOptionalBody } from '../http/body.pipe.js';
import {
  BeginAuthenticationDto,
  BeginRegistrationDto,
  DeviceIdPipe,
  RenamePasskeyDto,
  RevokePasskeyDto,
  VerifyNonceDto,
} from './passkeys.dto.js';
import { StepUpNonce } from './step-up-nonce.decorator.js';
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
  async revokePasskey(
    @CurrentUser() caller: Caller,
    @Body(StrictBody) { id }: RevokePasskeyDto,
    @StepUpNonce() nonce: string | null,
  ) {
    await this.passkeys.revoke(caller, id, nonce);
    return 'OK';
  }

  @Delete('user/devices/:id')
  @HttpCode(204)
  async revoke(
    @CurrentUser() caller: Caller,
    @Param('id', DeviceIdPipe) id: string,
    @StepUpNonce() nonce: string | null,
  ) {
    await this.passkeys.revoke(caller, id, nonce);
  }

  @Delete('user')
  @HttpCode(200)
  erase(@CurrentUser() caller: Caller, @Body(NoBody) _body: undefined, @StepUpNonce() nonce: string | null) {
    return this.passkeys.erase(caller, nonce);
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
  register(
    @CurrentUser() caller: Caller,
    @Body(StrictOptionalBody) { conditional }: BeginRegistrationDto,
    @StepUpNonce() nonce: string | null,
  ) {
    return conditional
      ? this.passkeys.beginUpgrade(caller, nonce)
      : this.passkeys.beginRegistration(caller, nonce);
  }

  @Post('user/authenticate-with-passkey')
  authenticate(@CurrentUser() caller: Caller, @Body(StrictOptionalBody) { stepUp }: BeginAuthenticationDto) {
    const { act, target = null } = stepUp ?? {};
    return this.passkeys.beginAuthentication(caller, act && { act, target });
  }

  @Post('passkey/verify')
  @HttpCode(200)
  verify(@CurrentUser() caller: Caller, @Body(StrictBody) { nonce }: VerifyNonceDto) {
    return this.passkeys.verify(caller, nonce);
  }
}
