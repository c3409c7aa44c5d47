import { Transform } from 'class-transformer';
import { IsString, Length, Matches } from 'class-validator';

const ID = /^[A-Za-z0-9_-]{1,64}$/;

/** 1 to 64 characters, one of them visible; no control characters, line breaks or bidirectional overrides. */
const FRIENDLY_NAME = /^(?=.*[^\p{Z}\p{C}])[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]{1,64}$/u;

/** Whether a path parameter can be the id of a passkey at all. */
export const isDeviceId = (text: string): boolean => ID.test(text);

export class RevokePasskeyDto {
  @Matches(ID, { message: 'id must be the id of a passkey' })
  id: string;
}

export class RenamePasskeyDto {
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.normalize('NFC').trim() : value,
  )
  @Matches(FRIENDLY_NAME, {
    message:
      'friendlyName must have 1 to 64 characters, none of them control or bidirectional-override characters',
  })
  friendlyName: string;
}

export class VerifyNonceDto {
  @IsString()
  @Length(1, 256)
  nonce: string;
}
