import { IsString, Length } from 'class-validator';
import { IsExternalId } from '../users/external-id.js';

export class CreateAuthenticateTransactionDto {
  @IsExternalId()
  external_id: string;
}

export class CreateRegisterTransactionDto extends CreateAuthenticateTransactionDto {
  @IsString()
  @Length(1, 255)
  passkey_display_name: string;
}
