import { Injectable } from '@nestjs/common';
import { type ExpressionBuilder, sql } from 'kysely';
import type { ApiKeyScope } from '../../config/configuration.js';
import { Database, type DatabaseTransaction } from '../../database/database.js';
import type { Tables } from '../../database/entities.js';
import { query } from '../../database/query.js';
import type { ApiKeyRecord } from './api-key.js';

type Keys = ExpressionBuilder<Tables, 'api_keys'>;

/** Replicas with the old settings and servers with the old key go on for so long. */
const GRACE = sql`interval '24 hours'`;

/** Of the two that end a key, the earlier; null for one that has no end. */
const END = sql<Date | null>`least(api_keys.expires_at, api_keys.superseded_at + ${GRACE})`;

/** Whether the key of a row of `api_keys`, under that name, can be used now. */
export const IS_USABLE = sql<boolean>`(api_keys.revoked_at is null and coalesce(${END} > now(), true))`;

const isUseUnrecorded = (it: Keys) =>
  it
    .or([it('last_used_at', 'is', null), it('last_used_at', '<', sql<Date>`now() - interval '1 minute'`)])
    .$castTo<boolean>();

const record = (it: Keys) =>
  [
    'id',
    'app_id as appId',
    'source',
    'scopes',
    'created_at as createdAt',
    END.as('expiresAt'),
    'last_used_at as lastUsedAt',
    'revoked_at as revokedAt',
    it
      .case()
      .when('revoked_at', 'is not', null)
      .then('revoked' as const)
      .when(END, '<=', sql<Date>`now()`)
      .then('expired' as const)
      .else('active' as const)
      .end()
      .as('state'),
  ] as const;

const FIND_USABLE = query('api-keys.find-usable', (db, $: { appId: string; id: string }) =>
  db
    .selectFrom('api_keys')
    .where('app_id', '=', $.appId)
    .where('id', '=', $.id)
    .where(IS_USABLE)
    .select(['secret_hash as secretHash', 'scopes'])
    .select((it) => isUseUnrecorded(it).as('isUseUnrecorded')),
);

const RECORD_USE = query('api-keys.record-use', (db, $: { appId: string; id: string }) =>
  db
    .updateTable('api_keys')
    .set({ last_used_at: sql`now()` })
    .where('app_id', '=', $.appId)
    .where('id', '=', $.id)
    .where(isUseUnrecorded),
);

const LIST = query('api-keys.list', (db, $: { appId: string }) =>
  db.selectFrom('api_keys').where('app_id', '=', $.appId).select(record).orderBy('created_at').orderBy('id'),
);

/** A key as it is stored. */
interface NewKey {
  readonly id: string;
  /** SHA-256 of its secret. */
  readonly secretHash: Buffer;
}

const scopesOf = (scopes: ApiKeyScope[] | null) => sql<ApiKeyScope[]>`${scopes}::text[]`;

const CREATE = query(
  'api-keys.create',
  (db, $: NewKey & { appId: string; lifetime: number | null; scopes: ApiKeyScope[] }) =>
    db
      .insertInto('api_keys')
      .columns(['app_id', 'id', 'secret_hash', 'source', 'scopes', 'expires_at'])
      .expression((from) =>
        from
          .selectFrom('apps as a')
          .where('a.id', '=', $.appId)
          .select((it) => [
            'a.id',
            it.val($.id).as('key_id'),
            it.val($.secretHash).as('secret_hash'),
            it.val('operator').as('source'),
            scopesOf($.scopes).as('scopes'),
            sql<Date | null>`now() + make_interval(secs => ${$.lifetime})`.as('expires_at'),
          ])
          // An app that is being deleted is waited for, and then there is no row.
          .forKeyShare('a'),
      )
      .returning(record),
);

// With the webhooks that it made, at once and on every replica.
const REVOKE = query('api-keys.revoke', (db, $: { id: string }) =>
  db
    .with('disabled', (end) =>
      end
        .updateTable('webhooks')
        .set({ disabled_at: sql`now()`, disabled_for: 'key_ended' })
        .where('key_id', '=', $.id)
        .where('disabled_at', 'is', null),
    )
    .updateTable('api_keys')
    .set((it) => ({ revoked_at: it.fn.coalesce('revoked_at', sql<Date>`now()`) }))
    .where('id', '=', $.id)
    .returning(record),
);

const SUPERSEDE_OTHERS = query('api-keys.supersede-others', (db, $: { appId: string; id: string }) =>
  db
    .updateTable('api_keys')
    .set({ superseded_at: sql`now()` })
    .where('app_id', '=', $.appId)
    .where('id', '<>', $.id)
    .where('source', '=', 'settings')
    .where('superseded_at', 'is', null),
);

// No row if the id belongs to another app or to another secret: `revoke` knows a key by its id alone. One that has ended does
// not begin again.
const KEEP_FROM_SETTINGS = query(
  'api-keys.keep-from-settings',
  (db, $: NewKey & { appId: string; scopes: ApiKeyScope[] | null }) =>
    db
      .insertInto('api_keys')
      .columns(['app_id', 'id', 'secret_hash', 'source', 'scopes'])
      .expression((from) =>
        from
          .selectFrom('apps as a')
          .where('a.id', '=', $.appId)
          .where((it) =>
            it.not(
              it.exists(
                it
                  .selectFrom('api_keys as other')
                  .where('other.id', '=', $.id)
                  .whereRef('other.app_id', '<>', 'a.id')
                  .select('other.id'),
              ),
            ),
          )
          .select((it) => [
            'a.id',
            it.val($.id).as('key_id'),
            it.val($.secretHash).as('secret_hash'),
            it.val('settings').as('source'),
            it.fn
              .coalesce(
                scopesOf($.scopes),
                it
                  .selectFrom('api_keys as predecessor')
                  .whereRef('predecessor.app_id', '=', 'a.id')
                  .where('predecessor.source', '=', 'settings')
                  .where('predecessor.superseded_at', 'is', null)
                  .select('predecessor.scopes')
                  .orderBy('predecessor.created_at', 'desc')
                  .limit(1),
                sql<ApiKeyScope[]>`'{}'`,
              )
              .as('scopes'),
          ]),
      )
      .onConflict((on) =>
        on
          .columns(['app_id', 'id'])
          .doUpdateSet((it) => ({
            source: sql<
              'settings' | 'operator'
            >`case when ${IS_USABLE} then 'settings' else api_keys.source end`,
            scopes: it.fn.coalesce(scopesOf($.scopes), 'api_keys.scopes'),
            superseded_at: sql<Date | null>`case when ${IS_USABLE} then null else api_keys.superseded_at end`,
          }))
          .whereRef('api_keys.secret_hash', '=', 'excluded.secret_hash'),
      )
      .returning(IS_USABLE.as('isUsable')),
);

/** The API keys of every app. */
@Injectable()
export class ApiKeyRepository {
  constructor(private readonly database: Database) {}

  /**
   * A key that can be used now, or null: `secretHash` is the SHA-256 of its secret, `isUseUnrecorded` says that its last
   * use is not recorded or was more than a minute ago.
   */
  async findUsable(
    appId: string,
    id: string,
  ): Promise<{
    readonly secretHash: Buffer;
    readonly scopes: readonly ApiKeyScope[];
    readonly isUseUnrecorded: boolean;
  } | null> {
    const [key] = await this.database.run(FIND_USABLE, { appId, id });
    return key ?? null;
  }

  /** Records that a key was used, at most once a minute. */
  async recordUse(appId: string, id: string): Promise<void> {
    await this.database.count(RECORD_USE, { appId, id });
  }

  /** Every key that the app ever had, oldest first. */
  list(appId: string): Promise<ApiKeyRecord[]> {
    return this.database.run(LIST, { appId });
  }

  /** Adds a key; `lifetime` in seconds, null for a key that never expires. Null if there is no such app. */
  async create(
    appId: string,
    key: NewKey & { readonly scopes: readonly ApiKeyScope[] },
    lifetime: number | null,
  ): Promise<ApiKeyRecord | null> {
    const values = { ...key, scopes: [...key.scopes], appId, lifetime };
    const [created] = await this.database.run(CREATE, values);
    return created ?? null;
  }

  /**
   * The key as it then is, or null if there is none. A key that was revoked before keeps the time of that. Webhooks that it
   * made are disabled.
   */
  async revoke(id: string): Promise<ApiKeyRecord | null> {
    const [revoked] = await this.database.run(REVOKE, { id });
    return revoked ?? null;
  }

  /**
   * Makes this key the one key of the settings: adds it if the app lacks it, and has its predecessors end in a day. Without
   * scopes of its own it keeps those that it has, or takes over its predecessor's. `ended`
   * if it was revoked or has expired, `foreign` if its id belongs to another key: then no key is changed.
   */
  async keepFromSettings(
    appId: string,
    key: NewKey & { readonly scopes: readonly ApiKeyScope[] | null },
    tx: DatabaseTransaction,
  ): Promise<'kept' | 'ended' | 'foreign'> {
    const values = { ...key, scopes: key.scopes && [...key.scopes], appId };
    const [kept] = await tx.run(KEEP_FROM_SETTINGS, values);
    if (!kept?.isUsable) return kept ? 'ended' : 'foreign';
    await tx.count(SUPERSEDE_OTHERS, { appId, id: key.id });
    return 'kept';
  }
}
