import { Body, Controller, Param, Post, UsePipes } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsObject, IsOptional, Matches, ValidateNested } from 'class-validator';
import { AppError } from '../../errors/app-error.js';
import { ERROR_TABLE } from '../../errors/error-table.js';
import { LenientBody } from '../../http/body.pipe.js';
import { IsDisplayText } from '../../http/display-text.js';
import { servesUser } from '../../http/request-context.js';
import { RequiresApiKey } from '../api-keys/requires-api-key.decorator.js';
import { type ActOfPerson, STEP_UP_ACTS, type StepUpAct } from '../step-up/step-up.js';
import { PersonsAct } from '../step-up/act-of-person.decorator.js';
import { IsExternalId, OPAQUE_ID } from '../user-key.js';
import { TransactionsService } from './transactions.service.js';

const MAX_DISPLAY_NAME = 255; // characters

/** The act that a sign-in is to be the step-up for; `target` is the passkey to be revoked. */
export class StepUpForDto {
  @IsIn(STEP_UP_ACTS)
  act: StepUpAct;

  @IsOptional()
  @Matches(OPAQUE_ID)
  target?: string | null;
}

/** The user who may sign in. */
export class CreateAuthenticateTransactionDto {
  @IsExternalId()
  external_id: string;

  /** Ours: the nonce is then good for this act alone, of which the server that asks is told by a person. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => StepUpForDto)
  step_up?: StepUpForDto | null;
}

/** The user who may register a passkey, and the account's name as the authenticator shows it. */
export class CreateRegisterTransactionDto {
  @IsExternalId()
  external_id: string;

  @IsDisplayText(MAX_DISPLAY_NAME)
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
  async register(
    @Param('app') app: string,
    @Body() body: CreateRegisterTransactionDto,
    @PersonsAct() person: ActOfPerson | undefined,
  ) {
    const { external_id, passkey_display_name: name, conditional } = body;
    servesUser(app, external_id);
    const created = this.transactions.createRegister(app, external_id, name, {
      conditional: conditional === true,
      stepUp: person?.stepUp,
    });
    return { transaction_id: await created.catch(notPermitted) };
  }

  @Post('authenticate')
  async authenticate(@Param('app') app: string, @Body() body: CreateAuthenticateTransactionDto) {
    const { external_id, step_up: stepUp } = body;
    servesUser(app, external_id);
    const created = this.transactions.createAuthenticate(app, external_id, {
      stepUp: stepUp ? { act: stepUp.act, target: stepUp.target ?? null } : undefined,
    });
    return { transaction_id: await created.catch(notPermitted) };
  }
}

/** On this side the protocol has one code for all that is in the user's way; our addition `reason` says what it is. */
function notPermitted(cause: unknown): never {
  const told = cause instanceof AppError ? cause.code : undefined;
  if (told !== 'user_not_active' && told !== 'too_many_passkeys') throw cause;
  throw new AppError('transaction_not_permitted', { cause, told, detail: `${ERROR_TABLE[told].sentence}.` });
}
