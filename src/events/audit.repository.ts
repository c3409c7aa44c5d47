import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { Database, type DatabaseTransaction, type Queryable } from '../database/database.js';
import { insertion, query, typed } from '../database/query.js';
import type { AuditEventType } from './audit-event-types.js';
import { Outbox } from './outbox.js';
import { type OutboxValues, QUEUED, QUEUED_COLUMNS, queueEvent } from './outbox.repository.js';

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

/** The values of an event in a query, for the audit trail and for webhooks; its id is a UUIDv7. */
export type EventValues = NewEvent & OutboxValues & { readonly eventId: string };

/** The id of a new event. */
export const newEventId = (): string => uuidv7();

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
  return db
    .with('event', (to) =>
      to.insertInto('audit_events').columns(columns).expression(db.selectNoFrom(selection)),
    )
    .with('queued', (to) => queueEvent(to, $))
    .selectNoFrom(QUEUED.as('queued'));
});

/** One of many events that an operator's act leaves. */
export type PlainEvent = Pick<NewEvent, 'type' | 'appId' | 'userId' | 'deviceId'> &
  Pick<OutboxValues, 'namesIdentity'>;

interface ManyEvents {
  ids: string[];
  types: string[];
  appIds: string[];
  userIds: (string | null)[];
  deviceIds: (string | null)[];
  actor: string | null;
  namesIdentity: boolean[];
}

const manyEvents = ($: ManyEvents) =>
  sql<{
    id: string;
    type: AuditEventType;
    app_id: string;
    user_id: string | null;
    device_id: string | null;
    names_identity: boolean;
  }>`unnest(${$.ids}::text[], ${$.types}::text[], ${$.appIds}::text[], ${$.userIds}::text[],
    ${$.deviceIds}::text[], ${$.namesIdentity}::boolean[])`.as<'e'>(
    sql`e (id, type, app_id, user_id, device_id, names_identity)`,
  );

const INSERT_ALL = query('events.insert-all', (db, $: ManyEvents) =>
  db
    .with('event', (to) =>
      to
        .insertInto('audit_events')
        .columns(['id', 'type', 'app_id', 'user_id', 'device_id', 'actor'])
        .expression((from) =>
          from
            .selectFrom(manyEvents($))
            .select(['e.id', 'e.type', 'e.app_id', 'e.user_id', 'e.device_id'])
            .select(typed.text($.actor).as('actor')),
        ),
    )
    .with('queued', (to) =>
      to
        .insertInto('webhook_deliveries')
        .columns(QUEUED_COLUMNS)
        .expression((from) =>
          from
            .selectFrom(manyEvents($))
            .innerJoin('webhooks as w', 'w.app_id', 'e.app_id')
            .leftJoin('flex_users as u', (on) =>
              on.onRef('u.app_id', '=', 'e.app_id').onRef('u.id', '=', 'e.user_id'),
            )
            .leftJoin('users as i', (on) =>
              on
                .onRef('i.passage_external_id', '=', 'u.external_id')
                .on('e.names_identity', '=', sql<boolean>`true`),
            )
            .leftJoin('devices as d', (on) =>
              on.onRef('d.app_id', '=', 'e.app_id').onRef('d.id', '=', 'e.device_id'),
            )
            .where('w.disabled_at', 'is', null)
            .where(sql<boolean>`w.events @> array[e.type]`)
            .select(['w.app_id', 'w.id', 'e.id as event_id', 'e.type', 'e.user_id', 'u.external_id'])
            .select(['i.issuer', 'i.subject', 'e.device_id', 'd.automatic'])
            .select([typed.text($.actor).as('actor'), typed.text(null).as('reason')])
            .orderBy('e.id'),
        )
        .returning('seq'),
    )
    .selectNoFrom(QUEUED.as('queued')),
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
        .where(sql<boolean>`type in ('passkey.refused', 'step_up.refused', 'user.identity_conflict')`)
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
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
  ) {}

  /** Inserts one event, and queues it for webhooks. */
  async insert(event: EventValues, on: Queryable = this.database): Promise<void> {
    const [row] = await on.run(INSERT, event);
    this.outbox.announce(row!.queued, on);
  }

  /** Inserts events of one actor, in their order, and queues them for webhooks. */
  async insertAll(
    events: readonly PlainEvent[],
    actor: string | null,
    tx: DatabaseTransaction,
  ): Promise<void> {
    const [row] = await tx.run(INSERT_ALL, {
      actor,
      ids: events.map(() => uuidv7()),
      types: events.map(({ type }) => type),
      namesIdentity: events.map(({ namesIdentity }) => namesIdentity),
      appIds: events.map(({ appId }) => appId),
      userIds: events.map(({ userId }) => userId),
      deviceIds: events.map(({ deviceId }) => deviceId),
    });
    this.outbox.announce(row!.queued, tx);
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
