import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { Database, type DatabaseTransaction, type Queryable } from '../database/database.js';
import { insertion, query, typed } from '../database/query.js';
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
  actor: string | null;
}

const INSERT_ALL = query('events.insert-all', (db, $: ManyEvents) =>
  db
    .insertInto('audit_events')
    .columns(['id', 'type', 'app_id', 'user_id', 'device_id', 'actor'])
    .expression(
      sql`select *, ${typed.text($.actor)} from unnest(${$.ids}::text[], ${$.types}::text[], ${$.appIds}::text[], ${$.userIds}::text[], ${$.deviceIds}::text[])`,
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

  /** Inserts events of one actor, in their order. */
  async insertAll(
    events: readonly Pick<NewEvent, 'type' | 'appId' | 'userId' | 'deviceId'>[],
    actor: string | null,
    tx: DatabaseTransaction,
  ): Promise<void> {
    await tx.run(INSERT_ALL, {
      ids: events.map(() => uuidv7()),
      types: events.map(({ type }) => type),
      appIds: events.map(({ appId }) => appId),
      userIds: events.map(({ userId }) => userId),
      deviceIds: events.map(({ deviceId }) => deviceId),
      actor,
    });
  }

  /** The last ten events of a user, newest first. */
  recent(appId: string, userId: string): Promise<AuditEventSummary[]> {
    return this.database.run(RECENT, { appId, userId });
  }

  /** Deletes a batch of refusals that are older than so many days; 0 if there are none left. */
  purgeRefusals(days: number): Promise<number> {
    return this.database.count(PURGE_REFUSALS, { days });
  }
}
