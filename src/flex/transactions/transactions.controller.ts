import { Body, Controller, Param, Post, UsePipes } from '@nestjs/common';
import { IsBoolean, IsOptional, IsString, Length } from 'class-validator';
import { LenientBody } from '../../http/body.pipe.js';
import { RequiresApiKey } from '../api-keys/requires-api-key.decorator.js';
import { IsExternalId } from '../user-key.js';
import { TransactionsService } from './transactions.service.js';

/** The user who may sign in. */
export class CreateAuthenticateTransactionDto {
  @IsExternalId()
  external_id: string;
}

/** The user who may register a passkey, and the account's name as the authenticator shows it. */
export class CreateRegisterTransactionDto extends CreateAuthenticateTransactionDto {
  @IsString()
  @Length(1, 255)
  passkey_display_name: string;

  /** Ours: asks for an automatic upgrade, which may make the passkey without asking the user. */
  @IsOptional()
  @IsBoolean()
  conditional?: boolean | null;
}

/** The Flex protocol's server side: permissions to run a ceremony. */
@Controller('v1/apps/:app/transactions')
@RequiresApiKey()
@UsePipes(LenientBody)
export class TransactionsController {
  constructor(private readonly transactions: TransactionsService) {}

  @Post('register')
  async register(@Param('app') app: string, @Body() body: CreateRegisterTransactionDto) {
    const { external_id, passkey_display_name: name, conditional } = body;
    const options = { conditional: conditional === true };
    return { transaction_id: await this.transactions.createRegister(app, external_id, name, options) };
  }

  @Post('authenticate')
  async authenticate(@Param('app') app: string, @Body() { external_id }: CreateAuthenticateTransactionDto) {
    return { transaction_id: await this.transactions.createAuthenticate(app, external_id) };
  }
}
