import { Controller, Get, Param, Query } from '@nestjs/common';
import { StrictQuery } from '../../http/body.pipe.js';
import { RequiresApiKey, RequiresScope } from '../api-keys/requires-api-key.decorator.js';
import { toEvent } from './event.json.js';
import { EventListDto, toEventListQuery } from './event-list-query.js';
import { EventsService } from './events.service.js';

/** Our own, beside the protocol: the audit trail of an app, for keys with the scope `events`. */
@Controller('v1/apps/:app/events')
@RequiresApiKey()
@RequiresScope('events')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Get()
  async list(@Param('app') app: string, @Query(StrictQuery) parameters: EventListDto) {
    const { events, next } = await this.events.list(app, toEventListQuery(parameters));
    return { events: events.map(toEvent), next };
  }
}
