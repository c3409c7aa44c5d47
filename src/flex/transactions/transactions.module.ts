import { Module } from '@nestjs/common';
import { UsersModule as IdentitiesModule } from '../../users/users.module.js';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { AppsModule } from '../apps/apps.module.js';
import { DevicesModule } from '../devices/devices.module.js';
import { StepUpModule } from '../step-up/step-up.module.js';
import { FlexUsersModule } from '../users/users.module.js';
import { TransactionRepository } from './transaction.repository.js';
import { TransactionsController } from './transactions.controller.js';
import { TransactionsService } from './transactions.service.js';
import { UpgradeOfferRepository } from './upgrade-offer.repository.js';

/** Single-use permissions for one user to run one ceremony. */
@Module({
  imports: [ApiKeysModule, AppsModule, FlexUsersModule, DevicesModule, StepUpModule, IdentitiesModule],
  controllers: [TransactionsController],
  providers: [TransactionRepository, UpgradeOfferRepository, TransactionsService],
  exports: [TransactionRepository, TransactionsService],
})
export class TransactionsModule {}
