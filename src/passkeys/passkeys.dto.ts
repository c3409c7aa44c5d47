import { IsString, Length, Matches } from 'class-validator';
import { IsDisplayText } from '../http/display-text.js';

const ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether a path parameter can be the id of a passkey at all. */
export const isDeviceId = (text: string): boolean => ID.test(text);

export class RevokePasskeyDto {
  @Matches(ID, { message: 'id must be the id of a passkey' })
  id: string;
}

export class RenamePasskeyDto {
  @IsDisplayText()
  friendlyName: string;
}

export class VerifyNonceDto {
  @IsString()
  @Length(1, 256)
  nonce: string;
}
