import { Body, Controller, HttpCode, Param, Post, UsePipes } from '@nestjs/common';
import { IsString, Length } from 'class-validator';
import { LenientBody } from '../../http/body.pipe.js';
import { RequiresApiKey } from '../api-keys/requires-api-key.decorator.js';
import { NoncesService } from './nonces.service.js';

/** The nonce that a client gave to the app's server. */
export class VerifyNonceDto {
  @IsString()
  @Length(1, 256)
  nonce: string;
}

/** The Flex protocol's server side: what a nonce proved. */
@Controller('v1/apps/:app/authenticate')
@RequiresApiKey()
@UsePipes(LenientBody)
export class NoncesController {
  constructor(private readonly nonces: NoncesService) {}

  @Post('verify')
  @HttpCode(200)
  async verify(@Param('app') app: string, @Body() { nonce }: VerifyNonceDto) {
    const { externalId, kind, deviceId, issuer, subject, userVerified } = await this.nonces.verify(
      app,
      nonce,
    );
    return {
      external_id: externalId,
      kind,
      device_id: deviceId,
      issuer,
      subject,
      user_verified: userVerified,
    };
  }
}
