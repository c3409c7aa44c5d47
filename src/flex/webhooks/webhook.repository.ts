import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database, type DatabaseTransaction } from '../../database/database.js';
import { query, type SqlBuilder, typed } from '../../database/query.js';
import type { AuditEventType } from '../../events/audit-event-types.js';
import { IS_USABLE } from '../api-keys/api-key.repository.js';
import type { WebhookEnd } from './webhook.entity.js';

/** A webhook as those see it who manage it: without what signs. */
export interface WebhookRecord {
  readonly id: string;
  readonly appId: string;
  readonly url: string;
  readonly events: readonly AuditEventType[];
  /** The id of the API key that made it; null if an operator did. */
  readonly keyId: string | null;
  readonly createdAt: Date;
  readonly disabledAt: Date | null;
  readonly disabledFor: WebhookEnd | null;
  /** How many events wait to be delivered, and of how many all attempts failed; 1,000 stands for that many or more. */
  readonly waiting: number;
  readonly dead: number;
}

/** Where a webhook is, and what signs what is sent there, sealed. */
export interface SignedTarget {
  readonly appId: string;
  readonly id: string;
  readonly url: string;
  readonly secret: Buffer;
  /** The one before, for as long as it signs. */
  readonly oldSecret: Buffer | null;
  /** The hosts that the app lists for what keys make; null for what an operator made. */
  readonly hosts: readonly string[] | null;
}

/** A webhook of an app: any, or one that a key made. */
export interface WebhookKey {
  readonly appId: string;
  readonly id: string;
  /** The key that asks, which has those webhooks alone that it made; null for an operator. */
  readonly keyId: string | null;
}

/** A webhook to be made. */
export interface NewWebhook extends WebhookKey {
  readonly url: string;
  readonly events: AuditEventType[];
  readonly secret: Buffer;
}

const MOST_COUNTED = 1_000;

const counted = (db: Pick<SqlBuilder, 'selectFrom'>, column: 'next_attempt_at' | 'dead_at') =>
  sql<number>`(select count(*) from ${db
    .selectFrom('webhook_deliveries as d')
    .whereRef('d.app_id', '=', sql.ref('w.app_id'))
    .whereRef('d.webhook_id', '=', sql.ref('w.id'))
    .where(`d.${column}`, 'is not', null)
    .select('d.seq')
    .limit(MOST_COUNTED)
    .as('some')})`;

const records = (db: SqlBuilder, $: { appId: string; keyId: string | null }) =>
  db
    .selectFrom('webhooks as w')
    .where('w.app_id', '=', $.appId)
    .where(sql<boolean>`(${$.keyId}::text is null or w.key_id = ${$.keyId}::text)`)
    .select([
      'w.id',
      'w.app_id as appId',
      'w.url',
      'w.events',
      'w.key_id as keyId',
      'w.created_at as createdAt',
      'w.disabled_at as disabledAt',
      'w.disabled_for as disabledFor',
    ])
    .select([counted(db, 'next_attempt_at').as('waiting'), counted(db, 'dead_at').as('dead')]);

const LIST = query('webhooks.list', (db, $: { appId: string; keyId: string | null }) =>
  records(db, $).orderBy('w.created_at').orderBy('w.id'),
);

const FIND = query('webhooks.find', (db, $: WebhookKey) => records(db, $).where('w.id', '=', $.id));

/** Of a webhook whose row has that name. */
export const hostsOf = (db: Pick<SqlBuilder, 'selectFrom'>, row: 'w' | 'webhooks') =>
  sql<string[] | null>`case when ${sql.ref(`${row}.key_id`)} is not null then ${db
    .selectFrom('apps as a')
    .whereRef('a.id', '=', sql.ref(`${row}.app_id`))
    .select('a.webhook_hosts')} end`;

const targets = (db: SqlBuilder) =>
  db
    .selectFrom('webhooks')
    .select(['app_id as appId', 'id', 'url', 'secret'])
    .select(sql<Buffer | null>`case when old_secret_until > now() then old_secret end`.as('oldSecret'))
    .select(hostsOf(db, 'webhooks').as('hosts'));

const TARGETS = query('webhooks.targets', (db) => targets(db));

const TARGET = query('webhooks.target', (db, $: WebhookKey) =>
  targets(db)
    .where('app_id', '=', $.appId)
    .where('id', '=', $.id)
    .where(sql<boolean>`(${$.keyId}::text is null or key_id = ${$.keyId}::text)`),
);

const COUNT_ENABLED = query('webhooks.count-enabled', (db, $: { appId: string }) =>
  db
    .selectFrom('webhooks')
    .where('app_id', '=', $.appId)
    .where('disabled_at', 'is', null)
    .select((it) => it.fn.countAll<number>().as('count')),
);

const INSERT = query('webhooks.insert', (db, $: NewWebhook) =>
  db.insertInto('webhooks').values({
    app_id: $.appId,
    id: $.id,
    url: $.url,
    events: $.events,
    key_id: $.keyId,
    secret: $.secret,
  }),
);

const changed = (db: SqlBuilder, $: WebhookKey) =>
  db
    .updateTable('webhooks')
    .where('app_id', '=', $.appId)
    .where('id', '=', $.id)
    .where(sql<boolean>`(${$.keyId}::text is null or key_id = ${$.keyId}::text)`);

const ROTATE = query('webhooks.rotate', (db, $: WebhookKey & { secret: Buffer; isCompromised: boolean }) =>
  changed(db, $).set({
    secret: $.secret,
    old_secret: sql`case when ${typed.boolean($.isCompromised)} then null else secret end`,
    old_secret_until: sql`case when not ${typed.boolean($.isCompromised)} then now() + interval '24 hours' end`,
  }),
);

const RESEAL = query(
  'webhooks.reseal',
  (db, $: { appId: string; id: string; sealed: Buffer; resealed: Buffer }) =>
    db
      .updateTable('webhooks')
      .set({
        secret: sql`case when secret = ${$.sealed} then ${$.resealed} else secret end`,
        old_secret: sql`case when old_secret = ${$.sealed} then ${$.resealed} else old_secret end`,
      })
      .where('app_id', '=', $.appId)
      .where('id', '=', $.id),
);

const DISABLE = query('webhooks.disable', (db, $: WebhookKey & { end: WebhookEnd }) =>
  changed(db, $).set({
    disabled_at: sql`coalesce(disabled_at, now())`,
    disabled_for: sql`coalesce(disabled_for, ${typed.text($.end)})`,
  }),
);

const ENABLE = query('webhooks.enable', (db, $: WebhookKey) =>
  changed(db, $).set({ disabled_at: null, disabled_for: null }),
);

const DISABLE_OF_ENDED_KEYS = query('webhooks.disable-of-ended-keys', (db) =>
  db
    .updateTable('webhooks')
    .set({ disabled_at: sql`now()`, disabled_for: 'key_ended' })
    .where('disabled_at', 'is', null)
    .where('key_id', 'is not', null)
    .where((it) =>
      it.not(
        it.exists(
          it
            .selectFrom('api_keys')
            .whereRef('api_keys.app_id', '=', 'webhooks.app_id')
            .whereRef('api_keys.id', '=', 'webhooks.key_id')
            .where(IS_USABLE)
            .select('api_keys.id'),
        ),
      ),
    ),
);

/** The webhooks of every app; each call names the app. */
@Injectable()
export class WebhookRepository {
  constructor(private readonly database: Database) {}

  /** Oldest first; those that a key made, or with null all. */
  list(appId: string, keyId: string | null): Promise<WebhookRecord[]> {
    return this.database.run(LIST, { appId, keyId });
  }

  async find(key: WebhookKey): Promise<WebhookRecord | null> {
    const [webhook] = await this.database.run(FIND, key);
    return webhook ?? null;
  }

  async target(key: WebhookKey): Promise<SignedTarget | null> {
    const [target] = await this.database.run(TARGET, key);
    return target ?? null;
  }

  /** Every webhook of every app. */
  targets(): Promise<SignedTarget[]> {
    return this.database.run(TARGETS, {});
  }

  async countEnabled(appId: string, tx: DatabaseTransaction): Promise<number> {
    const [row] = await tx.run(COUNT_ENABLED, { appId });
    return row!.count;
  }

  async insert(webhook: NewWebhook, tx: DatabaseTransaction): Promise<void> {
    await tx.count(INSERT, webhook);
  }

  /** The former secret, unless it is compromised, signs for a day more beside the new one. False if there is no such webhook. */
  async rotate(key: WebhookKey, secret: Buffer, isCompromised: boolean): Promise<boolean> {
    return (await this.database.count(ROTATE, { ...key, secret, isCompromised })) === 1;
  }

  /** Replaces a secret by the same, sealed anew. */
  async reseal({ appId, id }: SignedTarget, sealed: Buffer, resealed: Buffer): Promise<void> {
    await this.database.count(RESEAL, { appId, id, sealed, resealed });
  }

  /** False if there is no such webhook. */
  async disable(key: WebhookKey, end: WebhookEnd): Promise<boolean> {
    return (await this.database.count(DISABLE, { ...key, end })) === 1;
  }

  /** False if there is no such webhook. */
  async enable(key: WebhookKey, tx: DatabaseTransaction): Promise<boolean> {
    return (await tx.count(ENABLE, key)) === 1;
  }

  /** Disables what was made by keys that have ended. */
  async disableOfEndedKeys(): Promise<void> {
    await this.database.count(DISABLE_OF_ENDED_KEYS, {});
  }
}
