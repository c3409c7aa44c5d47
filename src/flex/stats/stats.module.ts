import { Module } from '@nestjs/common';
import { AuthenticatorsModule } from '../../authenticators/authenticators.module.js';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { StatsController } from './stats.controller.js';
import { StatsRepository } from './stats.repository.js';
import { StatsService } from './stats.service.js';

/** How far passkeys have got with the users of each app. */
@Module({
  imports: [ApiKeysModule, AuthenticatorsModule],
  controllers: [StatsController],
  providers: [StatsRepository, StatsService],
  exports: [StatsService],
})
export class FlexStatsModule {}
