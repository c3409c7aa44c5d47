import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { Database, type DatabaseTransaction, type Queryable } from '../database/database.js';
import { insertion, query, type SqlBuilder, typed } from '../database/query.js';
import type { AuditEventType } from './audit-event-types.js';

/** One event as it is written, but for its id. */
export interface NewEvent {
  readonly type: AuditEventType;
  readonly appId: string;
  readonly userId: string | null;
  readonly deviceId: string | null;
  readonly reason: string | null;
  readonly actor: string | null;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

/** An event as the backend's users may be told of it. */
export interface AuditEventSummary {
  readonly id: string;
  readonly type: AuditEventType;
  readonly createdAt: Date;
  readonly address: string | null;
  readonly userAgent: string | null;
}

/** An event as an operator sees it. Actor, address, user agent and request are null once its user is erased. */
export interface AuditEventRecord extends NewEvent {
  readonly id: string;
  readonly createdAt: Date;
}

/** Which events of an app are asked for; what is left out does not matter. */
export interface EventFilter {
  /** The id of the backend's user. */
  readonly userId?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly type?: AuditEventType | undefined;
  /** Not older than this. */
  readonly since?: Date | undefined;
  /** Older than the event with this id. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** The values of an event in a query; its id is a UUIDv7. */
export type EventValues = NewEvent & { readonly eventId: string };

/** The id of a new event. */
export const newEventId = (): string => uuidv7();

/** Gives an event its id. */
export const withEventId = (event: NewEvent): EventValues => ({ ...event, eventId: newEventId() });

/** The row of an event that a statement writes together with what it tells of. */
export const eventOf = ($: EventValues) =>
  insertion('audit_events', {
    id: typed.text($.eventId),
    type: typed.text($.type),
    app_id: typed.text($.appId),
    user_id: typed.text($.userId),
    device_id: typed.text($.deviceId),
    reason: typed.text($.reason),
    actor: typed.text($.actor),
    address: typed.text($.address),
    user_agent: typed.text($.userAgent),
    request_id: typed.text($.requestId),
  });

const INSERT = query('events.insert', (db, $: EventValues) => {
  const { columns, selection } = eventOf($);
  return db.insertInto('audit_events').columns(columns).expression(db.selectNoFrom(selection));
});

interface ManyEvents {
  ids: string[];
  types: string[];
  appIds: string[];
  userIds: (string | null)[];
  deviceIds: (string | null)[];
}

const INSERT_ALL = query('events.insert-all', (db, $: ManyEvents) =>
  db
    .insertInto('audit_events')
    .columns(['id', 'type', 'app_id', 'user_id', 'device_id'])
    .expression(
      sql`select * from unnest(${$.ids}::text[], ${$.types}::text[], ${$.appIds}::text[], ${$.userIds}::text[], ${$.deviceIds}::text[])`,
    ),
);

const RECENT = query('events.recent', (db, $: { appId: string; userId: string }) =>
  db
    .selectFrom('audit_events')
    .where('app_id', '=', $.appId)
    .where('user_id', '=', $.userId)
    .select(['id', 'type', 'created_at as createdAt', 'address', 'user_agent as userAgent'])
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(10),
);

/** The smallest UUIDv7 of a millisecond: events since then have a greater id, and both indexes end with the id. */
const firstIdOf = (time: Date): string =>
  time
    .getTime()
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-');

const listOf = (db: SqlBuilder, appId: string, filter: EventFilter) => {
  const { userId, deviceId, type, since, before, limit } = filter;
  return (
    db
      .selectFrom('audit_events as a')
      // The erasure itself names the server that asked.
      .leftJoin('erasures as e', (of) =>
        of
          .onRef('e.app_id', '=', 'a.app_id')
          .onRef('e.user_id', '=', 'a.user_id')
          .on('a.type', '<>', 'user.deleted'),
      )
      .where('a.app_id', '=', appId)
      .$if(userId !== undefined, (it) => it.where('a.user_id', '=', userId!))
      .$if(deviceId !== undefined, (it) => it.where('a.device_id', '=', deviceId!))
      .$if(type !== undefined, (it) => it.where('a.type', '=', type!))
      .$if(since !== undefined, (it) => it.where('a.id', '>=', firstIdOf(since!)))
      .$if(before !== undefined, (it) => it.where('a.id', '<', before!))
      .select(['a.id', 'a.type', 'a.app_id as appId', 'a.user_id as userId', 'a.device_id as deviceId'])
      .select(['a.reason', 'a.created_at as createdAt'])
      .select((it) => {
        const unlessErased = (column: 'a.actor' | 'a.address' | 'a.user_agent' | 'a.request_id') =>
          it.case().when('e.user_id', 'is', null).then(it.ref(column)).else(null).end();
        return [
          unlessErased('a.actor').as('actor'),
          unlessErased('a.address').as('address'),
          unlessErased('a.user_agent').as('userAgent'),
          unlessErased('a.request_id').as('requestId'),
        ];
      })
      .orderBy('a.id', 'desc')
      .limit(limit)
  );
};

const PURGE_BATCH = 1_000;

// PostgreSQL uses the partial index of these refusals only if its condition stands here in the same words.
const PURGE_REFUSALS = query('events.purge-refusals', (db, $: { days: number }) =>
  db.deleteFrom('audit_events').where((it) =>
    it(
      it.refTuple('app_id', 'id'),
      'in',
      it
        .selectFrom('audit_events')
        .where(sql<boolean>`type = 'passkey.refused'`)
        .where('created_at', '<', sql<Date>`now() - make_interval(days => ${$.days}::integer)`)
        .select(['app_id', 'id'])
        .limit(PURGE_BATCH)
        .forUpdate()
        .skipLocked()
        .$asTuple('app_id', 'id'),
    ),
  ),
);

/** The audit trail's rows; each call names the app. */
@Injectable()
export class AuditRepository {
  constructor(private readonly database: Database) {}

  /** Inserts one event and gives it its id. */
  async insert(event: NewEvent, on: Queryable = this.database): Promise<void> {
    await on.run(INSERT, withEventId(event));
  }

  /** Inserts events that have no actor, in their order. */
  async insertAll(
    events: readonly Pick<NewEvent, 'type' | 'appId' | 'userId' | 'deviceId'>[],
    tx: DatabaseTransaction,
  ): Promise<void> {
    await tx.run(INSERT_ALL, {
      ids: events.map(() => uuidv7()),
      types: events.map(({ type }) => type),
      appIds: events.map(({ appId }) => appId),
      userIds: events.map(({ userId }) => userId),
      deviceIds: events.map(({ deviceId }) => deviceId),
    });
  }

  /** The last ten events of a user, newest first. */
  recent(appId: string, userId: string): Promise<AuditEventSummary[]> {
    return this.database.run(RECENT, { appId, userId });
  }

  /** Events of an app, newest first; asked seldom and in many forms, so not prepared. */
  list(appId: string, filter: EventFilter): Promise<AuditEventRecord[]> {
    return this.database.ask((db) => listOf(db, appId, filter));
  }

  /** Deletes a batch of refusals that are older than so many days; 0 if there are none left. */
  purgeRefusals(days: number): Promise<number> {
    return this.database.count(PURGE_REFUSALS, { days });
  }
}
