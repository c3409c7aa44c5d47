import { Body, Controller, Delete, Get, HttpCode, Param, Patch, UsePipes } from '@nestjs/common';
import { IsIn } from 'class-validator';
import { LenientBody } from '../../http/body.pipe.js';
import { maySeeAddresses, RequiresApiKey, RequiresScope } from '../api-keys/requires-api-key.decorator.js';
import type { ActOfPerson } from '../step-up/step-up.js';
import { PersonsAct } from '../step-up/act-of-person.decorator.js';
import { NamedUser, type UserKey } from '../user-key.js';
import { type FlexUserStatus, USER_STATUSES } from './flex-user.entity.js';
import { toUser } from './flex-user.json.js';
import { UsersService } from './users.service.js';

/** What servers may change of a user. */
export class ChangeUserDto {
  @IsIn(USER_STATUSES)
  status: FlexUserStatus;
}

/** One user, named by our id as the protocol does, or by the application's own. */
@Controller(['v1/apps/:app/users/:user_id', 'v1/apps/:app/external-users/:external_id'])
@RequiresApiKey()
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  async get(@Param('app') app: string, @NamedUser() key: UserKey) {
    return { user: toUser(await this.users.get(app, key), maySeeAddresses()) };
  }

  @Patch()
  @UsePipes(LenientBody)
  async change(@Param('app') app: string, @NamedUser() key: UserKey, @Body() { status }: ChangeUserDto) {
    return { user: toUser(await this.users.setStatus(app, key, status), maySeeAddresses()) };
  }

  @Delete()
  @RequiresScope('erase')
  @HttpCode(200)
  async erase(
    @Param('app') app: string,
    @NamedUser() key: UserKey,
    @PersonsAct() person: ActOfPerson | undefined,
  ) {
    await this.users.erase(app, key, person);
  }
}
