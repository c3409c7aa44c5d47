import { Injectable, type PipeTransform } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';
import { AppError } from '../errors/app-error.js';
import { IsDisplayText } from '../http/display-text.js';

const ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Lets through what can be the id of a passkey; anything else is as unknown as another user's passkey. */
@Injectable()
export class DeviceIdPipe implements PipeTransform<string, string> {
  transform(id: string): string {
    if (!ID.test(id)) throw new AppError('device_not_found');
    return id;
  }
}

/** The body of a revocation. */
export class RevokePasskeyDto {
  @Matches(ID, { message: 'id must be the id of a passkey' })
  id: string;
}

/** The body of a renaming. */
export class RenamePasskeyDto {
  @IsDisplayText()
  friendlyName: string;
}

/** The body with which adding a passkey begins; it may be absent. */
export class BeginRegistrationDto {
  /** Asks for an automatic upgrade, which may make the passkey without asking the user. */
  @IsOptional()
  @IsBoolean()
  conditional?: boolean | null;
}

/** The act that a sign-in is to be the step-up for. */
export class StepUpDto {
  @IsIn(['add', 'revoke', 'erase'])
  act: 'add' | 'revoke' | 'erase';

  /** The id of the passkey to be revoked; other acts have none. */
  @IsOptional()
  @Matches(ID, { message: 'target must be the id of a passkey' })
  target?: string | null;
}

/** The body with which a sign-in of the token's own user begins; it may be absent. */
export class BeginAuthenticationDto {
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => StepUpDto)
  stepUp?: StepUpDto | null;
}

/** The body of a verification: the nonce that a finished ceremony gave the browser. */
export class VerifyNonceDto {
  @IsString()
  @Length(1, 256)
  nonce: string;
}
