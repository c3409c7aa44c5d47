import { Controller, Get, Param, Query } from '@nestjs/common';
import { IsOptional } from 'class-validator';
import { StrictQuery } from '../../http/body.pipe.js';
import { IsCountUpTo } from '../../http/query.pipe.js';
import { RequiresApiKey } from '../api-keys/requires-api-key.decorator.js';
import { STATS_DAYS, StatsService } from './stats.service.js';

/** The query parameters of {@link StatsController}. */
export class StatsDto {
  @IsOptional()
  @IsCountUpTo(STATS_DAYS.most)
  days?: number;
}

/** Our own, beside the protocol: counts of an app's users, passkeys and sign-ins. Names no person. */
@Controller('v1/apps/:app/stats')
@RequiresApiKey()
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  @Get()
  async show(@Param('app') app: string, @Query(StrictQuery) { days = STATS_DAYS.usual }: StatsDto) {
    const { users, passkeys, providers, signIns } = await this.stats.of(app, days);
    const { total, withNone: with_none, withOne: with_one, withSeveral: with_several } = users;
    const { notSynced: not_synced, ...counts } = passkeys;
    return {
      users: { total, with_none, with_one, with_several },
      passkeys: { ...counts, not_synced },
      providers,
      sign_ins: signIns.map(({ day, signIns: sign_ins }) => ({ day, sign_ins })),
    };
  }
}
