import { Controller, Get, Query } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import { CurrentUser } from '../auth/current-user.decorator.js';
import { StrictQuery } from '../http/body.pipe.js';
import { HistoryDto } from './history.dto.js';
import { HistoryService } from './history.service.js';

/** The user's API: what happened to one's own passkeys. */
@Controller('user/passkey-events')
export class HistoryController {
  constructor(private readonly history: HistoryService) {}

  @Get()
  list(@CurrentUser() caller: Caller, @Query(StrictQuery) query: HistoryDto) {
    return this.history.list(caller, query);
  }
}
