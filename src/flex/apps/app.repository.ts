import { Injectable } from '@nestjs/common';
import { type Insertable, sql } from 'kysely';
import { Database, type DatabaseTransaction, type Queryable } from '../../database/database.js';
import type { Tables } from '../../database/entities.js';
import { query, type SqlBuilder } from '../../database/query.js';
import type { AppFields, AppRecord, StoredApp } from './app.js';

/** The column of each field. */
const COLUMNS = {
  name: 'name',
  rpId: 'rp_id',
  origins: 'origins',
  relatedOrigins: 'related_origins',
  androidOrigins: 'android_origins',
  topOrigins: 'top_origins',
  unknownFrames: 'unknown_frames',
  userVerification: 'user_verification',
  residentKey: 'resident_key',
  attestation: 'attestation',
  attestationTrust: 'attestation_trust',
  aaguidAllow: 'aaguid_allow',
  aaguidDeny: 'aaguid_deny',
  backupEligibilityChange: 'backup_eligibility_change',
  algorithms: 'algorithms',
  icons: 'icons',
  conditionalCreate: 'conditional_create',
  maxPasskeysPerUser: 'max_passkeys_per_user',
  stepUp: 'step_up',
  stepUpMaxAge: 'step_up_max_age',
  stepUpAcr: 'step_up_acr',
  stepUpAmr: 'step_up_amr',
  lastPasskey: 'last_passkey',
  unknownCredential: 'unknown_credential',
  passkeyEndpointsEnroll: 'passkey_endpoints_enroll',
  passkeyEndpointsManage: 'passkey_endpoints_manage',
  appleAppIds: 'apple_app_ids',
  androidPackages: 'android_packages',
  webhookHosts: 'webhook_hosts',
  ceremonyTimeout: 'ceremony_timeout',
  handshakeTtl: 'handshake_ttl',
  registerTransactionTtl: 'register_transaction_ttl',
  authenticateTransactionTtl: 'authenticate_transaction_ttl',
  nonceTtl: 'nonce_ttl',
} as const satisfies Record<keyof AppFields, keyof Tables['apps']>;

type Columns = typeof COLUMNS;
type Selection = { [Field in keyof Columns]: `a.${Columns[Field]} as ${Field}` }[keyof Columns];

/** All of an app, for a statement that reads it as `a` together with other rows. */
export const APP_FIELDS = [
  'a.id',
  ...(Object.entries(COLUMNS).map(([field, column]) => `a.${column} as ${field}`) as Selection[]),
  'a.created_at as createdAt',
  'a.updated_at as updatedAt',
] as const;

/** The fields under the names of their columns. */
const toColumns = (fields: AppFields) =>
  Object.fromEntries(
    Object.entries(COLUMNS).map(([field, column]) => [column, fields[field as keyof AppFields]]),
  ) as Pick<Insertable<Tables['apps']>, Columns[keyof Columns]>;

const storedApps = (db: SqlBuilder) => db.selectFrom('apps as a').select(APP_FIELDS);

const appRecords = (db: SqlBuilder) =>
  storedApps(db).select((it) => {
    const rows = it.fn.countAll<number>().as('rows');
    const users = it.selectFrom('flex_users as u').whereRef('u.app_id', '=', 'a.id').select(rows);
    const passkeys = it.selectFrom('devices as d').whereRef('d.app_id', '=', 'a.id').select(rows);
    const legacyDevices = it.selectFrom('legacy_devices as l').whereRef('l.app_id', '=', 'a.id').select(rows);
    const keys = it
      .selectFrom('api_keys as k')
      .whereRef('k.app_id', '=', 'a.id')
      .where('k.revoked_at', 'is', null)
      .where((key) => key.or([key('k.expires_at', 'is', null), key('k.expires_at', '>', sql<Date>`now()`)]))
      .select(rows);
    return [
      users.$asScalar().$notNull().as('users'),
      passkeys.$asScalar().$notNull().as('passkeys'),
      legacyDevices.$asScalar().$notNull().as('legacyDevices'),
      keys.$asScalar().$notNull().as('keys'),
    ];
  });

const FIND = query('apps.find', (db, $: { id: string }) => storedApps(db).where('a.id', '=', $.id));

const FIND_BY_RP_ID = query('apps.find-by-rp-id', (db, $: { rpId: string }) =>
  storedApps(db).where('a.rp_id', '=', $.rpId),
);

// Rows that refer to the app can still be added under this lock: they see that the app exists, and are deleted with it.
const LOCK = query('apps.lock', (db, $: { id: string }) =>
  storedApps(db).where('a.id', '=', $.id).forNoKeyUpdate(),
);

const SHOW = query('apps.show', (db, $: { id: string }) => appRecords(db).where('a.id', '=', $.id));

const LIST = query('apps.list', (db) => appRecords(db).orderBy('a.id'));

const OWNER_OF_RP_ID = query('apps.owner-of-rp-id', (db, $: { rpId: string }) =>
  db.selectFrom('apps').where('rp_id', '=', $.rpId).select('id'),
);

const THAT_REQUIRE_TRUST = query('apps.that-require-trust', (db) =>
  db
    .selectFrom('apps')
    .where((it) => it.or([it('aaguid_allow', 'is not', null), it('attestation_trust', '=', 'required')]))
    .select('id')
    .orderBy('id'),
);

const INSERT = query('apps.insert', (db, $: AppFields & { id: string }) =>
  db.insertInto('apps').values({ id: $.id, ...toColumns($) }),
);

const REPLACE = query('apps.replace', (db, $: AppFields & { id: string }) =>
  db
    .updateTable('apps')
    .set({ ...toColumns($), updated_at: sql`now()` })
    .where('id', '=', $.id),
);

const LOCK_ID = query('apps.lock-id', (db, $: { id: string }) =>
  db.selectNoFrom(sql`pg_advisory_xact_lock(hashtextextended('keyway:app:' || ${$.id}, 0))`.as('locked')),
);

const BATCH = 1_000;

const DELETE_USERS = query('apps.delete-users', (db, $: { id: string }) =>
  db
    .deleteFrom('flex_users')
    .where('app_id', '=', $.id)
    .where('id', 'in', (some) =>
      some.selectFrom('flex_users').where('app_id', '=', $.id).select('id').limit(BATCH),
    ),
);

const DELETE_TOMBSTONES = query('apps.delete-tombstones', (db, $: { id: string }) =>
  db
    .deleteFrom('tombstones')
    .where('app_id', '=', $.id)
    .where('credential_hash', 'in', (some) =>
      some.selectFrom('tombstones').where('app_id', '=', $.id).select('credential_hash').limit(BATCH),
    ),
);

const DELETE_DELIVERIES = query('apps.delete-deliveries', (db, $: { id: string }) =>
  db
    .deleteFrom('webhook_deliveries')
    .where('app_id', '=', $.id)
    .where((it) =>
      it(
        it.refTuple('webhook_id', 'seq'),
        'in',
        it
          .selectFrom('webhook_deliveries')
          .where('app_id', '=', $.id)
          .select(['webhook_id', 'seq'])
          .limit(BATCH)
          .$asTuple('webhook_id', 'seq'),
      ),
    ),
);

const DELETE = query('apps.delete', (db, $: { id: string }) => db.deleteFrom('apps').where('id', '=', $.id));

/** The apps of this service. */
@Injectable()
export class AppRepository {
  constructor(private readonly database: Database) {}

  /** @param id an app's id, or any other text that PostgreSQL can store. */
  async find(id: string): Promise<StoredApp | null> {
    const [app] = await this.database.run(FIND, { id });
    return app ?? null;
  }

  /** @param rpId a domain, or any other text that PostgreSQL can store. */
  async findByRpId(rpId: string): Promise<StoredApp | null> {
    const [app] = await this.database.run(FIND_BY_RP_ID, { rpId });
    return app ?? null;
  }

  /** Locks the app against every other change until the transaction ends (FOR NO KEY UPDATE); null if there is none. */
  async lock(id: string, tx: DatabaseTransaction): Promise<StoredApp | null> {
    const [app] = await tx.run(LOCK, { id });
    return app ?? null;
  }

  /** The app with its counts, which take time in proportion to what is counted. */
  async show(id: string, on: Queryable = this.database): Promise<AppRecord | null> {
    const [app] = await on.run(SHOW, { id });
    return app ?? null;
  }

  /** Every app with its counts, by id. */
  list(): Promise<AppRecord[]> {
    return this.database.run(LIST, {});
  }

  /** The id of the app that has an RP ID, or null. */
  async ownerOfRpId(rpId: string, on: Queryable = this.database): Promise<string | null> {
    const [owner] = await on.run(OWNER_OF_RP_ID, { rpId });
    return owner?.id ?? null;
  }

  /** The ids of the apps that accept only passkeys with a trusted attestation. */
  async idsThatRequireTrust(): Promise<string[]> {
    return (await this.database.run(THAT_REQUIRE_TRUST, {})).map(({ id }) => id);
  }

  /** Fails with a unique violation if the id or the RP ID belongs to an app already. */
  async insert(id: string, fields: AppFields, on: Queryable = this.database): Promise<void> {
    await on.count(INSERT, { ...fields, id });
  }

  /** Overwrites every field. */
  async replace(id: string, fields: AppFields, tx: DatabaseTransaction): Promise<void> {
    await tx.count(REPLACE, { ...fields, id });
  }

  /** Locks the id of an app, which need not exist, until the transaction ends (an advisory lock). */
  async lockId(id: string, tx: DatabaseTransaction): Promise<void> {
    await tx.run(LOCK_ID, { id });
  }

  /** Deletes an app with all its rows but its audit events. */
  async delete(id: string, tx: DatabaseTransaction): Promise<void> {
    // One statement for all users would run into the statement timeout. Foreign keys delete what belongs to each user.
    for (const batch of [DELETE_USERS, DELETE_TOMBSTONES, DELETE_DELIVERIES]) {
      let deleted: number;
      do deleted = await tx.count(batch, { id });
      while (deleted === BATCH);
    }
    await tx.count(DELETE, { id });
  }
}
