import { Module } from '@nestjs/common';
import { AuthenticatorsModule } from '../../authenticators/authenticators.module.js';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { StatsController } from './stats.controller.js';
import { StatsRepository } from './stats.repository.js';
import { StatsService } from './stats.service.js';

/** Counts of each app's users, passkeys and sign-ins. */
@Module({
  imports: [ApiKeysModule, AuthenticatorsModule],
  controllers: [StatsController],
  providers: [StatsRepository, StatsService],
  exports: [StatsService],
})
export class FlexStatsModule {}
