import { Module } from '@nestjs/common';
import { AuthenticatorsModule } from '../authenticators/authenticators.module.js';
import { ApiKeyGuard } from './api-keys/api-key.guard.js';
import { ApiKeyProvisioning } from './api-keys/api-key-provisioning.js';
import { KeyAttempts } from './api-keys/key-attempts.js';
import { ApiKeyRepository } from './api-keys/api-key.repository.js';
import { AllowListCheck } from './apps/allow-list-check.js';
import { AppOrigins } from './apps/app-origins.js';
import { AppProvisioning } from './apps/app-provisioning.js';
import { AppRepository } from './apps/app.repository.js';
import { AppsController } from './apps/apps.controller.js';
import { AuthenticationService } from './ceremonies/authentication.service.js';
import { CeremoniesController } from './ceremonies/ceremonies.controller.js';
import { HandshakeRefusals } from './ceremonies/handshake-refusals.js';
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
  imports: [AuthenticatorsModule],
  controllers: [
    AppsController,
    CeremoniesController,
    TransactionsController,
    NoncesController,
    UserListController,
    UsersController,
    DevicesController,
  ],
  providers: [
    AppRepository,
    AppOrigins,
    AppProvisioning,
    ApiKeyProvisioning,
    ApiKeyRepository,
    ApiKeyGuard,
    KeyAttempts,
    AllowListCheck,
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
    HandshakeRefusals,
    RefusalAudit,
    RegistrationService,
    AuthenticationService,
    NoncesService,
    PurgeService,
  ],
  exports: [
    AppRepository,
    AppOrigins,
    DevicesService,
    FlexUserRepository,
    NoncesService,
    TransactionsService,
  ],
})
export class FlexModule {}
