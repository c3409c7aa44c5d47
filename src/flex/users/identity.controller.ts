import { Body, Controller, Delete, HttpCode, Param, Put, UsePipes } from '@nestjs/common';
import { IsOptional, IsString, Length } from 'class-validator';
import { Configuration, issuerAmong, issuersOf } from '../../config/configuration.js';
import { AppError } from '../../errors/app-error.js';
import { LenientBody, LenientOptionalBody } from '../../http/body.pipe.js';
import { servesUser } from '../../http/request-context.js';
import { RequiresApiKey, RequiresScope } from '../api-keys/requires-api-key.decorator.js';
import { isExternalId } from '../../users/external-id.js';
import { IdentitiesService } from './identities.service.js';

/** The identity of a user: what their tokens have as `iss` and `sub`. */
export class LinkIdentityDto {
  /** May be left out where `JWT_ISSUER` is only one. */
  @IsOptional()
  @IsString()
  issuer?: string;

  @IsString()
  @Length(1, 255)
  subject: string;
}

/** The identity that is untied; what is left out may be any. */
export class UnlinkIdentityDto {
  @IsOptional()
  @IsString()
  issuer?: string | null;

  @IsOptional()
  @IsString()
  @Length(1, 255)
  subject?: string | null;
}

/** Our own addition to the protocol's server side: the identity that an external ID is tied to. */
@Controller('v1/apps/:app/external-users/:external_id/identity')
@RequiresApiKey()
@RequiresScope('identity')
export class IdentityController {
  constructor(
    private readonly identities: IdentitiesService,
    private readonly configuration: Configuration,
  ) {}

  @Put()
  @UsePipes(LenientBody)
  async link(
    @Param('app') app: string,
    @Param('external_id') name: string,
    @Body() { issuer: named, subject }: LinkIdentityDto,
  ) {
    const externalId = toExternalId(name);
    servesUser(app, externalId);
    const issuer = this.issuerOf(named ?? undefined);
    await this.identities.link(app, externalId, { issuer, subject });
    return { external_id: externalId, issuer, subject };
  }

  @Delete()
  @HttpCode(200)
  @UsePipes(LenientOptionalBody)
  async unlink(
    @Param('app') app: string,
    @Param('external_id') name: string,
    @Body() { issuer = null, subject = null }: UnlinkIdentityDto,
  ) {
    const externalId = toExternalId(name);
    servesUser(app, externalId);
    await this.identities.unlink(app, externalId, { issuer, subject });
  }

  private issuerOf(named: string | undefined): string {
    const issuer = issuerAmong(issuersOf(this.configuration), named);
    if (issuer !== undefined) return issuer;
    throw new AppError('invalid_request', { detail: 'issuer must be one of JWT_ISSUER.' });
  }
}

function toExternalId(name: string): string {
  if (isExternalId(name)) return name;
  throw new AppError('user_not_found');
}
