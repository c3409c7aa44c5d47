import { Module } from '@nestjs/common';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { AppsModule } from './apps/apps.module.js';
import { CeremoniesModule } from './ceremonies/ceremonies.module.js';
import { DevicesModule } from './devices/devices.module.js';
import { NoncesModule } from './nonces/nonces.module.js';
import { PurgeService } from './purge.service.js';
import { TransactionsModule } from './transactions/transactions.module.js';
import { FlexUsersModule } from './users/users.module.js';

/** The Passage Flex-compatible backend: a module for each noun of the protocol. */
@Module({
  imports: [
    AppsModule,
    ApiKeysModule,
    FlexUsersModule,
    DevicesModule,
    TransactionsModule,
    CeremoniesModule,
    NoncesModule,
  ],
  providers: [PurgeService],
  exports: [AppsModule, FlexUsersModule, DevicesModule, TransactionsModule, NoncesModule],
})
export class FlexModule {}
