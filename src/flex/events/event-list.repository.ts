import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../database/database.js';
import type { SqlBuilder } from '../../database/query.js';
import type { AuditEventType } from '../../events/audit-event-types.js';
import type { NewEvent } from '../../events/audit.repository.js';
import type { UserKey } from '../user-key.js';
import type { EventPosition } from './event-cursor.js';

/** Which events of an app are asked for; what is left out does not matter. */
export interface EventListQuery {
  readonly user?: UserKey | undefined;
  readonly deviceId?: string | undefined;
  readonly type?: AuditEventType | undefined;
  /** Not older than this. */
  readonly since?: Date | undefined;
  /** Older than this. */
  readonly until?: Date | undefined;
  /** Older than the event there. */
  readonly after?: EventPosition | undefined;
  readonly limit: number;
}

/** An event with what its ids stand for now. Actor, address, user agent and request are null once its user is erased. */
export interface ListedEvent extends NewEvent {
  readonly id: string;
  readonly createdAt: Date;
  /** Null for no user, and for one who is erased. */
  readonly externalId: string | null;
  /** Null for no passkey, and for one that is revoked. */
  readonly deviceName: string | null;
  readonly position: number;
}

/** Exact: the database's own time would lose its microseconds in a `Date`. */
const POSITION = sql<number>`(extract(epoch from a.created_at) * 1000000)::bigint`;

const isBefore = ({ at, id }: EventPosition) =>
  sql<boolean>`(a.created_at, a.id) < (timestamptz 'epoch' + ${at}::bigint * interval '1 microsecond', ${id}::text)`;

/**
 * A page of a trail. Each filter, or none, is served by an index that ends with the order of the list. What the ids stand for
 * is looked up for the rows of the page alone: a join could be planned for the whole trail.
 */
export const eventList = (db: SqlBuilder, appId: string, query: EventListQuery) => {
  const { user, deviceId, type, since, until, after, limit } = query;
  const page = db
    .selectFrom('audit_events as a')
    .where('a.app_id', '=', appId)
    .$if(user !== undefined, (it) => it.where('a.user_id', '=', idOf(db, appId, user!)))
    .$if(deviceId !== undefined, (it) => it.where('a.device_id', '=', deviceId!))
    .$if(type !== undefined, (it) => it.where('a.type', '=', type!))
    .$if(since !== undefined, (it) => it.where('a.created_at', '>=', since!))
    .$if(until !== undefined, (it) => it.where('a.created_at', '<', until!))
    .$if(after !== undefined, (it) => it.where(isBefore(after!)))
    .selectAll('a')
    .select((it) => [
      POSITION.as('position'),
      it
        .selectFrom('flex_users as u')
        .whereRef('u.app_id', '=', 'a.app_id')
        .whereRef('u.id', '=', 'a.user_id')
        .select('u.external_id')
        .as('externalId'),
      it
        .selectFrom('devices as d')
        .whereRef('d.app_id', '=', 'a.app_id')
        .whereRef('d.id', '=', 'a.device_id')
        .select('d.friendly_name')
        .as('deviceName'),
      it
        .selectFrom('erasures as e')
        .whereRef('e.app_id', '=', 'a.app_id')
        .whereRef('e.user_id', '=', 'a.user_id')
        // The erasure itself names the server that asked.
        .where('a.type', '<>', 'user.deleted')
        .select('e.user_id')
        .as('erased'),
    ])
    .orderBy('a.created_at', 'desc')
    .orderBy('a.id', 'desc')
    .limit(limit);
  return db
    .selectFrom(page.as('a'))
    .select(['a.id', 'a.type', 'a.app_id as appId', 'a.user_id as userId', 'a.device_id as deviceId'])
    .select(['a.externalId', 'a.deviceName', 'a.reason', 'a.created_at as createdAt', 'a.position'])
    .select((it) => {
      const unlessErased = (column: 'a.actor' | 'a.address' | 'a.user_agent' | 'a.request_id') =>
        it.case().when('a.erased', 'is', null).then(it.ref(column)).else(null).end();
      return [
        unlessErased('a.actor').as('actor'),
        unlessErased('a.address').as('address'),
        unlessErased('a.user_agent').as('userAgent'),
        unlessErased('a.request_id').as('requestId'),
      ];
    })
    .orderBy('a.created_at', 'desc')
    .orderBy('a.id', 'desc');
};

const idOf = (db: SqlBuilder, appId: string, user: UserKey) =>
  'id' in user
    ? sql<string>`${user.id}`
    : db
        .selectFrom('flex_users')
        .where('app_id', '=', appId)
        .where('external_id', '=', user.externalId)
        .select('id');

/** Reads the audit trails of apps, by queries that are composed for each request. */
@Injectable()
export class EventListRepository {
  constructor(private readonly database: Database) {}

  /** Events of an app, newest first. */
  list(appId: string, query: EventListQuery): Promise<ListedEvent[]> {
    return this.database.ask((db) => eventList(db, appId, query));
  }
}
