import { Transform } from 'class-transformer';
import { IsString, Length, Matches } from 'class-validator';

export class DemoSignInDto {
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.normalize('NFC').trim() : value,
  )
  @Matches(/^(?=.*[^\p{Z}\p{C}])[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u, {
    message: 'name must have 1 to 64 printable characters',
  })
  name: string;
}

export class DemoPasskeySignInDto {
  @IsString()
  @Length(1, 256)
  nonce: string;
}
