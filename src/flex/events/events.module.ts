import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { EventListRepository } from './event-list.repository.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';

/** The audit trails of apps, for those who may read them. */
@Module({
  imports: [ApiKeysModule],
  controllers: [EventsController],
  providers: [EventListRepository, EventsService],
  exports: [EventsService],
})
export class FlexEventsModule {}
