import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { UsersModule as IdentitiesModule } from '../../users/users.module.js';
import { AppsModule } from '../apps/apps.module.js';
import { DevicesModule } from '../devices/devices.module.js';
import { StepUpModule } from '../step-up/step-up.module.js';
import { FlexUserRepository } from './flex-user.repository.js';
import { FlexUserListRepository } from './list/flex-user-list.repository.js';
import { IdentitiesService } from './identities.service.js';
import { IdentityController } from './identity.controller.js';
import { UserListController } from './list/user-list.controller.js';
import { UserDevicesController } from './user-devices.controller.js';
import { UserHandleRepository } from './user-handle.repository.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

/** The users of every app, with their passkeys. */
@Module({
  imports: [ApiKeysModule, AppsModule, DevicesModule, StepUpModule, IdentitiesModule],
  controllers: [UserListController, UsersController, UserDevicesController, IdentityController],
  providers: [
    FlexUserRepository,
    FlexUserListRepository,
    UserHandleRepository,
    UsersService,
    IdentitiesService,
  ],
  exports: [FlexUserRepository, UserHandleRepository, UsersService, IdentitiesService],
})
export class FlexUsersModule {}
