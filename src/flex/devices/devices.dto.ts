import { IsDisplayText } from '../../http/display-text.js';

export class RenameDeviceDto {
  @IsDisplayText()
  friendly_name: string;
}
