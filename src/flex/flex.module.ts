import { Module } from '@nestjs/common';
import { AuthenticatorsModule } from '../authenticators/authenticators.module.js';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { AppsModule } from './apps/apps.module.js';
import { AuthenticationService } from './ceremonies/authentication.service.js';
import { CeremoniesController } from './ceremonies/ceremonies.controller.js';
import { HandshakesService } from './ceremonies/handshakes.service.js';
import { RefusalAudit } from './ceremonies/refusal-audit.js';
import { RegistrationService } from './ceremonies/registration.service.js';
import { SpentHandshakes } from './ceremonies/spent-handshakes.js';
import { DeviceRepository } from './devices/device.repository.js';
import { DevicesController } from './devices/devices.controller.js';
import { DevicesService } from './devices/devices.service.js';
import { NoncesController } from './nonces/nonces.controller.js';
import { NoncesService } from './nonces/nonces.service.js';
import { PurgeService } from './purge.service.js';
import { TransactionRepository } from './transactions/transaction.repository.js';
import { TransactionsController } from './transactions/transactions.controller.js';
import { TransactionsService } from './transactions/transactions.service.js';
import { FlexUserListRepository } from './users/flex-user-list.repository.js';
import { FlexUserRepository } from './users/flex-user.repository.js';
import { UserListController, UsersController } from './users/users.controller.js';
import { UserHandles } from './users/user-handles.js';
import { UsersService } from './users/users.service.js';

/** The Passage Flex-compatible backend. */
@Module({
  imports: [AuthenticatorsModule, AppsModule, ApiKeysModule],
  controllers: [
    CeremoniesController,
    TransactionsController,
    NoncesController,
    UserListController,
    UsersController,
    DevicesController,
  ],
  providers: [
    FlexUserRepository,
    FlexUserListRepository,
    UserHandles,
    UsersService,
    DeviceRepository,
    DevicesService,
    TransactionRepository,
    TransactionsService,
    HandshakesService,
    SpentHandshakes,
    RefusalAudit,
    RegistrationService,
    AuthenticationService,
    NoncesService,
    PurgeService,
  ],
  exports: [AppsModule, DevicesService, FlexUserRepository, NoncesService, TransactionsService],
})
export class FlexModule {}
