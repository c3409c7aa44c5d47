import { Injectable } from '@nestjs/common';
import { describeUserAgent } from '../../authenticators/user-agent.js';
import { type ActorKind, actorOf } from '../../events/actor.js';
import { toCursor } from './event-cursor.js';
import { EventListRepository, type EventListQuery, type ListedEvent } from './event-list.repository.js';

/** An event, and who acted, in words. */
export interface ToldEvent extends Omit<ListedEvent, 'position' | 'actor'> {
  readonly actor: ActorKind;
  /** The subject of the person's token, or the id of the server's API key; null where neither is known. */
  readonly actorId: string | null;
  /** Such as "Chrome on Windows"; null for a user agent that says neither. */
  readonly browser: string | null;
}

/** Some events, newest first. */
export interface EventPage {
  readonly events: readonly ToldEvent[];
  /** Where the next page begins; null if there is none. */
  readonly next: string | null;
}

/** What happened to the passkeys and users of an app. */
@Injectable()
export class EventsService {
  constructor(private readonly events: EventListRepository) {}

  /** One page; a user whom the app does not have has no events. */
  async list(appId: string, query: EventListQuery): Promise<EventPage> {
    const found = await this.events.list(appId, { ...query, limit: query.limit + 1 });
    const events = found.slice(0, query.limit);
    const last = events.at(-1);
    const next = found.length > query.limit && last ? toCursor({ at: last.position, id: last.id }) : null;
    return { events: events.map(toTold), next };
  }
}

function toTold({ position: _position, ...event }: ListedEvent): ToldEvent {
  const { kind, id } = actorOf(event);
  return { ...event, actor: kind, actorId: id, browser: describeUserAgent(event.userAgent) };
}
