import { Module } from '@nestjs/common';
import { ApiKeyGuard } from './api-keys/api-key.guard.js';
import { ApiKeyProvisioning } from './api-keys/api-key-provisioning.js';
import { ApiKeyRepository } from './api-keys/api-key.repository.js';
import { KeyAttempts } from './api-keys/key-attempts.js';
import { AllowListCheck } from './apps/allow-list-check.js';
import { AppProvisioning } from './apps/app-provisioning.js';
import { AppsModule } from './apps/apps.module.js';
import { CeremoniesModule } from './ceremonies/ceremonies.module.js';
import { DevicesModule } from './devices/devices.module.js';
import { NoncesModule } from './nonces/nonces.module.js';
import { PurgeService } from './purge.service.js';
import { TransactionsModule } from './transactions/transactions.module.js';
import { FlexUsersModule } from './users/users.module.js';

/** The Passage Flex-compatible backend: a module for each noun of the protocol. */
@Module({
  imports: [AppsModule, FlexUsersModule, DevicesModule, TransactionsModule, CeremoniesModule, NoncesModule],
  providers: [
    AppProvisioning,
    ApiKeyProvisioning,
    ApiKeyRepository,
    ApiKeyGuard,
    KeyAttempts,
    AllowListCheck,
    PurgeService,
  ],
  exports: [AppsModule, FlexUsersModule, DevicesModule, TransactionsModule, NoncesModule],
})
export class FlexModule {}
