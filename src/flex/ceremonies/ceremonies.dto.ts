import { IsIn, IsObject, IsOptional, IsString, MaxLength } from 'class-validator';

const MAX_TRANSACTION_ID = 256;
const MAX_HANDSHAKE_ID = 1024;

export class StartRegistrationDto {
  @IsString()
  @MaxLength(MAX_TRANSACTION_ID)
  transaction_id: string;

  @IsOptional()
  @IsIn(['platform', 'cross-platform', 'any'])
  authenticator_attachment?: 'platform' | 'cross-platform' | 'any' | null;
}

export class StartAuthenticationDto {
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TRANSACTION_ID)
  transaction_id?: string | null;
}

export class FinishAuthenticationDto extends StartAuthenticationDto {
  @IsString()
  @MaxLength(MAX_HANDSHAKE_ID)
  handshake_id: string;

  @IsObject()
  handshake_response: object;
}

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
