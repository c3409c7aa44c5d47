import { IsIn } from 'class-validator';
import { type FlexUserStatus, USER_STATUSES } from './flex-user.repository.js';

/** What servers may change of a user. */
export class ChangeUserDto {
  @IsIn(USER_STATUSES)
  status: FlexUserStatus;
}
