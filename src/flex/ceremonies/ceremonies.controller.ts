import { Body, Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
} from 'class-validator';
import type { FastifyReply } from 'fastify';
import { Public } from '../../http/public.decorator.js';
import { LenientOptionalBody } from '../../http/body.pipe.js';
import { CREDENTIAL_RESPONSE } from '../../http/json-body.js';
import { FINISH, limitFinish, RateLimited } from '../../http/rate-limit.js';
import { SIMPLE_REQUESTS } from '../../http/simple-request.js';
import { type Hint, HINTS } from '../../webauthn/relying-party.js';
import { AuthenticationService } from './authentication.service.js';
import { HandshakesService } from './handshakes.service.js';
import { RegistrationService } from './registration.service.js';

/** Which kinds of authenticator the page expects, the likeliest first. */
export class HintsDto {
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(HINTS.length)
  @ArrayUnique()
  @IsIn(HINTS, { each: true })
  hints?: Hint[] | null;
}

const MAX_TRANSACTION_ID = 256;
const MAX_HANDSHAKE_ID = 1024;

/** Starts a registration on a transaction. */
export class StartRegistrationDto extends HintsDto {
  @IsString()
  @MaxLength(MAX_TRANSACTION_ID)
  transaction_id: string;

  @IsOptional()
  @IsIn(['platform', 'cross-platform', 'any'])
  authenticator_attachment?: 'platform' | 'cross-platform' | 'any' | null;
}

/** Starts a sign-in: on a transaction, or discoverable without one. */
export class StartAuthenticationDto extends HintsDto {
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TRANSACTION_ID)
  transaction_id?: string | null;
}

/** Finishes a sign-in; `handshake_response` is the PublicKeyCredential as JSON. */
export class FinishAuthenticationDto {
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TRANSACTION_ID)
  transaction_id?: string | null;

  @IsString()
  @MaxLength(MAX_HANDSHAKE_ID)
  handshake_id: string;

  @IsObject()
  handshake_response: object;
}

/** Finishes a registration; `handshake_response` is the PublicKeyCredential as JSON. */
export class FinishRegistrationDto {
  @IsString()
  @MaxLength(MAX_TRANSACTION_ID)
  transaction_id: string;

  @IsString()
  @MaxLength(MAX_HANDSHAKE_ID)
  handshake_id: string;

  @IsObject()
  handshake_response: object;
}

/** The Flex protocol's browser side: both ceremonies, start and finish. */
@Controller('v1/apps/:app')
@Public()
export class CeremoniesController {
  constructor(
    private readonly registration: RegistrationService,
    private readonly authentication: AuthenticationService,
    private readonly handshakes: HandshakesService,
  ) {}

  @Post('register/transactions/webauthn/start')
  @HttpCode(200)
  @RateLimited(SIMPLE_REQUESTS)
  async startRegistration(@Param('app') app: string, @Body(LenientOptionalBody) body: StartRegistrationDto) {
    const { transaction_id, authenticator_attachment: attachment, hints } = body;
    const started = await this.registration.start(app, {
      transactionId: transaction_id,
      ...(attachment && attachment !== 'any' && { attachment }),
      hints: hints ?? [],
    });
    const { conditional } = started;
    return { transaction_id, ...(conditional && { conditional }), handshake: toHandshake(started) };
  }

  @Post('register/transactions/webauthn/finish')
  @HttpCode(200)
  @RateLimited({ ...FINISH, ...SIMPLE_REQUESTS, ...CREDENTIAL_RESPONSE })
  async finishRegistration(
    @Param('app') app: string,
    @Body(LenientOptionalBody) body: FinishRegistrationDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    await limitFinish(reply, await this.handshakes.isAuthentic(body.handshake_id));
    const nonce = await this.registration.finish(app, {
      transactionId: body.transaction_id,
      handshakeId: body.handshake_id,
      response: body.handshake_response,
    });
    return { nonce };
  }

  @Post('authenticate/transactions/webauthn/start')
  @HttpCode(200)
  @RateLimited(SIMPLE_REQUESTS)
  async startAuthentication(
    @Param('app') app: string,
    @Body(LenientOptionalBody) { transaction_id = null, hints }: StartAuthenticationDto,
  ) {
    const started = await this.authentication.start(app, transaction_id, hints ?? []);
    return { ...(transaction_id !== null && { transaction_id }), handshake: toHandshake(started) };
  }

  @Post('authenticate/transactions/webauthn/finish')
  @HttpCode(200)
  @RateLimited({ ...FINISH, ...SIMPLE_REQUESTS, ...CREDENTIAL_RESPONSE })
  async finishAuthentication(
    @Param('app') app: string,
    @Body(LenientOptionalBody) body: FinishAuthenticationDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    await limitFinish(reply, await this.handshakes.isAuthentic(body.handshake_id));
    const nonce = await this.authentication.finish(app, {
      transactionId: body.transaction_id ?? null,
      handshakeId: body.handshake_id,
      response: body.handshake_response,
    });
    return { nonce };
  }
}

const toHandshake = ({ handshakeId, publicKey }: { handshakeId: string; publicKey: object }) => ({
  id: handshakeId,
  challenge: { publicKey },
});
