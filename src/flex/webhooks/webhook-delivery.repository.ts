import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../database/database.js';
import { query, type SqlBuilder } from '../../database/query.js';
import type { DeliveryOutcome } from '../../events/webhook-request.js';
import type { AuditEventType } from '../../events/audit-event-types.js';
import type { WebhookEvent } from '../../events/webhook-payload.js';
import { IS_USABLE } from '../api-keys/api-key.repository.js';
import { hostsOf, type SignedTarget } from './webhook.repository.js';

/** How long a claimed delivery is its process's; longer than an attempt may take. */
const LEASE = sql`interval '30 seconds'`;

/** How long an event waits for the one before it while that is attempted: what ends it may not see the event yet. */
const SOON = sql`interval '2 seconds'`;

/** One event that this process is to deliver to one webhook now. */
export interface Delivery extends WebhookEvent, SignedTarget {
  readonly seq: number;
  readonly type: AuditEventType;
  /** This attempt's number, from 1; each claim gives it the next one. */
  readonly attempts: number;
}

/** A delivery of which all attempts failed. */
export interface DeadDelivery {
  readonly eventId: string;
  readonly type: AuditEventType;
  readonly userId: string | null;
  readonly createdAt: Date;
  readonly deadAt: Date;
  readonly lastStatus: number | null;
  readonly lastProblem: string | null;
}

interface Claim {
  /** The webhooks that this process delivers to as much as it may. */
  busy: string[];
  perWebhook: number;
  limit: number;
}

const openWebhooks = (db: Pick<SqlBuilder, 'selectFrom'>, $: Claim) =>
  db
    .selectFrom('webhooks as w')
    .leftJoin('api_keys', (on) =>
      on.onRef('api_keys.app_id', '=', 'w.app_id').onRef('api_keys.id', '=', 'w.key_id'),
    )
    .where('w.disabled_at', 'is', null)
    .where((it) => it.or([it('w.key_id', 'is', null), IS_USABLE]))
    .where(sql<boolean>`w.id <> all(${$.busy}::text[])`)
    .select(['w.app_id', 'w.id', 'w.url', 'w.secret'])
    .select(sql<Buffer | null>`case when w.old_secret_until > now() then w.old_secret end`.as('old_secret'))
    .select(hostsOf(db, 'w').as('hosts'))
    // None of them is always the first, also where all together have more than can be claimed.
    .orderBy(sql`random()`);

/*
 * The earliest that are due of each webhook. An event waits for the one before it of the same user: it is put off until that
 * one is tried again, so that it is not looked at each time, and is due at once when that one has been delivered.
 */
const CLAIM = query('webhook-deliveries.claim', (db, $: Claim) =>
  db
    .with('open', (from) => openWebhooks(from as unknown as SqlBuilder, $))
    .with(
      (cte) => cte('due').materialized(),
      (from) =>
        from
          .selectFrom('open as w')
          .innerJoinLateral(
            (each) =>
              each
                .selectFrom('webhook_deliveries as d')
                .whereRef('d.app_id', '=', 'w.app_id')
                .whereRef('d.webhook_id', '=', 'w.id')
                .where('d.next_attempt_at', '<=', sql<Date>`now()`)
                .select(['d.seq', 'd.user_id'])
                .orderBy('d.next_attempt_at')
                .limit($.perWebhook)
                .forUpdate('d')
                .skipLocked()
                .as('d'),
            (on) => on.onTrue(),
          )
          .select(['w.app_id', 'w.id', 'w.url', 'w.secret', 'w.old_secret', 'w.hosts', 'd.seq', 'd.user_id'])
          .limit($.limit),
    )
    .with('judged', (from) =>
      from
        .selectFrom('due')
        .selectAll()
        .select((it) =>
          it
            .selectFrom('webhook_deliveries as e')
            .whereRef('e.app_id', '=', 'due.app_id')
            .whereRef('e.webhook_id', '=', 'due.id')
            .whereRef('e.user_id', '=', 'due.user_id')
            .whereRef('e.seq', '<', 'due.seq')
            .where('e.next_attempt_at', 'is not', null)
            .select('e.next_attempt_at')
            .orderBy('e.seq')
            .limit(1)
            .as('ahead_until'),
        ),
    )
    .updateTable('webhook_deliveries as d')
    .from('judged as j')
    .set({
      attempts: sql`d.attempts + (j.ahead_until is null)::integer`,
      next_attempt_at: sql`case
        when j.ahead_until is null then now() + ${LEASE}
        when j.ahead_until > now() + ${LEASE} then j.ahead_until
        else now() + ${SOON} end`,
    })
    .whereRef('d.app_id', '=', 'j.app_id')
    .whereRef('d.webhook_id', '=', 'j.id')
    .whereRef('d.seq', '=', 'j.seq')
    .returning([
      'd.app_id as appId',
      'd.webhook_id as id',
      'd.seq',
      'd.event_id as eventId',
      'd.type',
      'd.user_id as userId',
      'd.external_id as externalId',
      'd.issuer',
      'd.subject',
      'd.device_id as deviceId',
      'd.automatic',
      'd.actor',
      'd.reason',
      'd.created_at as createdAt',
      'd.attempts',
      'j.url',
      'j.secret',
      'j.old_secret as oldSecret',
      'j.hosts',
      sql<boolean>`j.ahead_until is null`.as('isClaimed'),
    ]),
);

/** An attempt, as long as nobody has claimed the delivery anew. */
interface Attempt {
  appId: string;
  id: string;
  seq: number;
  attempts: number;
}

const attempted = (db: Pick<SqlBuilder, 'updateTable'>, $: Attempt) =>
  db
    .updateTable('webhook_deliveries')
    .where('app_id', '=', $.appId)
    .where('webhook_id', '=', $.id)
    .where('seq', '=', $.seq)
    .where('attempts', '=', $.attempts)
    .where('next_attempt_at', 'is not', null);

/** Ends a delivery, and lets the next one of the same user go. */
const settle = (name: string, column: 'delivered_at' | 'dead_at') =>
  query(name, (db, $: Attempt & { status: number | null; problem: DeliveryOutcome['problem'] }) =>
    db
      .with('settled', (to) =>
        attempted(to as unknown as SqlBuilder, $)
          .set({
            [column]: sql`now()`,
            next_attempt_at: null,
            last_status: sql<number | null>`${$.status}::integer`,
            last_problem: sql<DeliveryOutcome['problem']>`${$.problem}::text`,
          })
          .returning(['app_id', 'webhook_id', 'user_id', 'seq']),
      )
      .updateTable('webhook_deliveries as d')
      .from('settled as s')
      .set({ next_attempt_at: sql`now()` })
      .whereRef('d.app_id', '=', 's.app_id')
      .whereRef('d.webhook_id', '=', 's.webhook_id')
      .where('d.seq', '=', (it) =>
        it
          .selectFrom('webhook_deliveries as e')
          .whereRef('e.app_id', '=', 's.app_id')
          .whereRef('e.webhook_id', '=', 's.webhook_id')
          .whereRef('e.user_id', '=', 's.user_id')
          .whereRef('e.seq', '>', 's.seq')
          .where('e.next_attempt_at', 'is not', null)
          .select('e.seq')
          .orderBy('e.seq')
          .limit(1),
      ),
  );

const DELIVERED = settle('webhook-deliveries.delivered', 'delivered_at');
const DEAD = settle('webhook-deliveries.dead', 'dead_at');

const RETRY = query(
  'webhook-deliveries.retry',
  (db, $: Attempt & { seconds: number; status: number | null; problem: DeliveryOutcome['problem'] }) =>
    attempted(db, $).set({
      next_attempt_at: sql`now() + make_interval(secs => ${$.seconds}::float8)`,
      last_status: $.status,
      last_problem: $.problem,
    }),
);

const RELEASE = query('webhook-deliveries.release', (db, $: Attempt) =>
  attempted(db, $).set({ attempts: sql`attempts - 1`, next_attempt_at: sql`now()` }),
);

/** One webhook, and one of its events or, with null, all. */
interface OfWebhook {
  appId: string;
  id: string;
}

const LIST_DEAD = query('webhook-deliveries.list-dead', (db, $: OfWebhook & { limit: number }) =>
  db
    .selectFrom('webhook_deliveries')
    .where('app_id', '=', $.appId)
    .where('webhook_id', '=', $.id)
    .where('dead_at', 'is not', null)
    .select((it) => [
      'event_id as eventId',
      'type',
      'user_id as userId',
      'created_at as createdAt',
      it.ref('dead_at').$notNull().as('deadAt'),
      'last_status as lastStatus',
      'last_problem as lastProblem',
    ])
    .orderBy('seq')
    .limit($.limit),
);

const BATCH = 1_000;

const REPLAY = query('webhook-deliveries.replay', (db, $: OfWebhook & { eventId: string | null }) =>
  db
    .with('revived', (from) =>
      from
        .selectFrom('webhook_deliveries')
        .where('app_id', '=', $.appId)
        .where('webhook_id', '=', $.id)
        .where('dead_at', 'is not', null)
        .where('event_id', '=', sql<string>`coalesce(${$.eventId}::text, event_id)`)
        .select(['app_id', 'webhook_id', 'seq'])
        .orderBy('seq')
        .limit(BATCH)
        .forUpdate(),
    )
    .updateTable('webhook_deliveries as d')
    .from('revived as r')
    .set({ dead_at: null, attempts: 0, next_attempt_at: sql`now()` })
    .whereRef('d.app_id', '=', 'r.app_id')
    .whereRef('d.webhook_id', '=', 'r.webhook_id')
    .whereRef('d.seq', '=', 'r.seq'),
);

const purge = (name: string, old: 'delivered' | 'dead' | 'disabled') =>
  query(name, (db) =>
    db.deleteFrom('webhook_deliveries').where((it) => {
      const rows = it.selectFrom('webhook_deliveries as d');
      const aged =
        old === 'delivered'
          ? rows.where('d.delivered_at', '<', sql<Date>`now() - interval '24 hours'`)
          : old === 'dead'
            ? rows
                .where('d.dead_at', 'is not', null)
                .where('d.dead_at', '<', sql<Date>`now() - interval '30 days'`)
            : rows.where((each) =>
                each.exists(
                  each
                    .selectFrom('webhooks as w')
                    .whereRef('w.app_id', '=', 'd.app_id')
                    .whereRef('w.id', '=', 'd.webhook_id')
                    .where('w.disabled_at', '<', sql<Date>`now() - interval '30 days'`)
                    .select('w.id'),
                ),
              );
      return it(
        it.refTuple('app_id', 'webhook_id', 'seq'),
        'in',
        aged
          .select(['d.app_id', 'd.webhook_id', 'd.seq'])
          .limit(BATCH)
          .forUpdate('d')
          .skipLocked()
          .$asTuple('app_id', 'webhook_id', 'seq'),
      );
    }),
  );

const PURGES = (['delivered', 'dead', 'disabled'] as const).map((old) =>
  purge(`webhook-deliveries.purge-${old}`, old),
);

/** What is on its way to webhooks: claimed, delivered, tried again, dead. */
@Injectable()
export class WebhookDeliveryRepository {
  constructor(private readonly database: Database) {}

  /**
   * Claims deliveries that are due, for 30 s, so that no other process makes them; `wereDue` is how many were looked at,
   * those included that have to wait for another.
   */
  async claim(claim: Claim): Promise<{ deliveries: Delivery[]; wereDue: number }> {
    const rows = await this.database.run(CLAIM, claim);
    return { deliveries: rows.filter(({ isClaimed }) => isClaimed), wereDue: rows.length };
  }

  /** Ends a delivery that its receiver accepted, or that was tried often enough. */
  async settle(delivery: Delivery, how: 'delivered' | 'dead', outcome: DeliveryOutcome): Promise<void> {
    await this.database.count(how === 'delivered' ? DELIVERED : DEAD, { ...attemptOf(delivery), ...outcome });
  }

  /** Has a delivery that failed tried again in so many seconds. */
  async retry(delivery: Delivery, seconds: number, outcome: DeliveryOutcome): Promise<void> {
    await this.database.count(RETRY, { ...attemptOf(delivery), seconds, ...outcome });
  }

  /** Gives back a delivery that was not attempted to the end, to be made at once by another process. */
  async release(delivery: Delivery): Promise<void> {
    await this.database.count(RELEASE, attemptOf(delivery));
  }

  /** The first so many of which all attempts failed, oldest first. */
  listDead(appId: string, id: string, limit: number): Promise<DeadDelivery[]> {
    return this.database.run(LIST_DEAD, { appId, id, limit });
  }

  /** Has what is dead tried anew: one event, or with null all. Gives how many. */
  async replay(appId: string, id: string, eventId: string | null): Promise<number> {
    let total = 0;
    for (;;) {
      const revived = await this.database.count(REPLAY, { appId, id, eventId });
      total += revived;
      if (revived < BATCH) return total;
    }
  }

  /** Deletes a batch of what was delivered a day ago, or died or waits for nobody since a month; 0 if none is left. */
  async purge(): Promise<number> {
    let total = 0;
    for (const each of PURGES) total += await this.database.count(each, {});
    return total;
  }
}

const attemptOf = ({ appId, id, seq, attempts }: Delivery): Attempt => ({ appId, id, seq, attempts });
