import { IsString, Length } from 'class-validator';
import { IsDisplayText } from '../http/display-text.js';

export class DemoSignInDto {
  @IsDisplayText()
  name: string;
}

export class DemoPasskeySignInDto {
  @IsString()
  @Length(1, 256)
  nonce: string;
}
