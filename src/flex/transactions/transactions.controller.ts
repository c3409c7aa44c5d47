import { Body, Controller, Param, Post, UsePipes } from '@nestjs/common';
import { Access } from '../../http/access.decorator.js';
import { LenientBody } from '../../http/body.pipe.js';
import { CreateAuthenticateTransactionDto, CreateRegisterTransactionDto } from './transactions.dto.js';
import { TransactionsService } from './transactions.service.js';

/** The Flex protocol's server side: leave for a ceremony. */
@Controller('v1/apps/:app/transactions')
@Access('app')
@UsePipes(LenientBody)
export class TransactionsController {
  constructor(private readonly transactions: TransactionsService) {}

  @Post('register')
  async register(@Param('app') app: string, @Body() body: CreateRegisterTransactionDto) {
    const { external_id, passkey_display_name } = body;
    return { transaction_id: await this.transactions.createRegister(app, external_id, passkey_display_name) };
  }

  @Post('authenticate')
  async authenticate(@Param('app') app: string, @Body() { external_id }: CreateAuthenticateTransactionDto) {
    return { transaction_id: await this.transactions.createAuthenticate(app, external_id) };
  }
}
