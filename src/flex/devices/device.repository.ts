import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { NameCode } from '../../authenticators/default-passkey-name.js';
import { Database, type DatabaseTransaction, type Queryable } from '../../database/database.js';
import { query } from '../../database/query.js';
import type { IconForm, LastPasskey } from '../apps/app.entity.js';
import type { UserKey } from '../user-key.js';
import { queryByUser } from '../user-key.repository.js';

/** A passkey's row, as far as its owner may see it. */
export interface DeviceRow {
  readonly id: string;
  readonly credentialId: Buffer;
  readonly friendlyName: string;
  readonly nameCode: NameCode | null;
  readonly aaguid: string;
  readonly attachment: 'platform' | 'cross-platform' | null;
  readonly transports: readonly string[];
  readonly backupEligible: boolean | null;
  readonly backedUp: boolean | null;
  readonly automatic: boolean;
  readonly usageCount: number;
  readonly lastLoginAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** As `describeUserAgent` has it. */
  readonly createdFrom: string | null;
  readonly lastUsedFrom: string | null;
  /** As the app wants them in the protocol's devices. */
  readonly iconForm: IconForm;
}

/** A listed passkey; `userHandle` is the one that it carries, null while that is not known. */
export interface ListedDeviceRow extends DeviceRow {
  readonly userHandle: Buffer | null;
}

/** All passkeys of a user, oldest first, and what applies to them, as of one moment. */
export interface UserWithDevices {
  readonly rpId: string;
  /** How many passkeys a user of the app may have, and what becomes of the revocation of the last one. */
  readonly limit: number;
  readonly lastPasskey: LastPasskey;
  /** Whether a register transaction of the user may still be used. */
  readonly isRegistering: boolean;
  readonly devices: readonly ListedDeviceRow[];
}

const COLUMNS = [
  'd.id',
  'd.credential_id as credentialId',
  'd.friendly_name as friendlyName',
  'd.name_code as nameCode',
  'd.aaguid',
  'd.attachment',
  'd.transports',
  'd.backup_eligible as backupEligible',
  'd.backed_up as backedUp',
  'd.automatic',
  'd.usage_count as usageCount',
  'd.last_login_at as lastLoginAt',
  'd.created_at as createdAt',
  'd.updated_at as updatedAt',
  'd.created_from as createdFrom',
  'd.last_used_from as lastUsedFrom',
  'a.icons as iconForm',
] as const;

/** The handle that the passkey `d` of the user `u` carries; null while it is not known. */
export const HANDLE_OF_DEVICE = sql<Buffer | null>`case when d.user_handle_known then coalesce(d.user_handle, u.user_handle) end`;

// A user without passkeys is one row whose device is null.
const LIST = queryByUser('devices.list', (db, $: { appId: string; user: string }, name) =>
  db
    .selectFrom('flex_users as u')
    .innerJoin('apps as a', 'a.id', 'u.app_id')
    .leftJoin('devices as d', (on) => on.onRef('d.app_id', '=', 'u.app_id').onRef('d.user_id', '=', 'u.id'))
    .where('u.app_id', '=', $.appId)
    .where(name, '=', $.user)
    .select((it) => [
      'a.rp_id as rpId',
      'a.max_passkeys_per_user as limit',
      'a.last_passkey as lastPasskey',
      it
        .exists(
          it
            .selectFrom('transactions as t')
            .whereRef('t.app_id', '=', 'u.app_id')
            .whereRef('t.user_id', '=', 'u.id')
            .where('t.kind', '=', 'register')
            .where('t.consumed_at', 'is', null)
            .where('t.expires_at', '>', sql<Date>`now()`)
            .select('t.app_id'),
        )
        .as('isRegistering'),
      HANDLE_OF_DEVICE.as('userHandle'),
    ])
    .select(COLUMNS)
    .orderBy('d.created_at')
    .orderBy('d.id'),
);

const COUNT = query('devices.count', (db, $: { appId: string; userId: string }) =>
  db
    .selectFrom('devices')
    .where('app_id', '=', $.appId)
    .where('user_id', '=', $.userId)
    .select((it) => it.fn.countAll<number>().as('count')),
);

const RENAME = queryByUser(
  'devices.rename',
  (db, $: { appId: string; user: string; deviceId: string; friendlyName: string }, name) =>
    db
      .updateTable('devices as d')
      .from(['flex_users as u', 'apps as a'])
      .set({ friendly_name: $.friendlyName, name_code: null, updated_at: sql`now()` })
      .where('u.app_id', '=', $.appId)
      .where(name, '=', $.user)
      .whereRef('d.app_id', '=', 'u.app_id')
      .whereRef('d.user_id', '=', 'u.id')
      .whereRef('a.id', '=', 'u.app_id')
      .where('d.id', '=', $.deviceId)
      .returning(['d.user_id as userId', ...COLUMNS]),
);

const LOCK_OWNER = queryByUser('devices.lock-owner', (db, $: { appId: string; user: string }, name) =>
  db
    .selectFrom('flex_users as u')
    .where('u.app_id', '=', $.appId)
    .where(name, '=', $.user)
    .select('u.id')
    .forNoKeyUpdate(),
);

// An automatic passkey may never have been in the hands of its user.
const IS_LAST = query('devices.is-last', (db, $: { appId: string; userId: string; deviceId: string }) =>
  db
    .selectFrom('devices as d')
    .where('d.app_id', '=', $.appId)
    .where('d.user_id', '=', $.userId)
    .where('d.id', '=', $.deviceId)
    .where((it) =>
      it.not(
        it.exists(
          it
            .selectFrom('devices as other')
            .whereRef('other.app_id', '=', 'd.app_id')
            .whereRef('other.user_id', '=', 'd.user_id')
            .whereRef('other.id', '<>', 'd.id')
            .where('other.automatic', '=', false)
            .select('other.id'),
        ),
      ),
    )
    .select('d.id'),
);

/** Tombstones of a user: registering and revoking by turns would fill the table. */
const MAX_TOMBSTONES = 1_000;

// In one statement, as its halves are one act; the nonces that the passkey proved go with it by their foreign key. The
// user is locked first, as by every act that deletes what is theirs.
const REVOKE = queryByUser(
  'devices.revoke',
  (db, $: { appId: string; user: string; deviceId: string }, name) =>
    db
      .with(
        (cte) => cte('owner').materialized(),
        (from) =>
          from
            .selectFrom('flex_users as u')
            .where('u.app_id', '=', $.appId)
            .where(name, '=', $.user)
            .select(['u.app_id', 'u.id'])
            .forNoKeyUpdate(),
      )
      .with('revoked', (gone) =>
        gone
          .deleteFrom('devices as d')
          .using('owner as o')
          .whereRef('d.app_id', '=', 'o.app_id')
          .whereRef('d.user_id', '=', 'o.id')
          .where('d.id', '=', $.deviceId)
          .returning(['d.app_id', 'd.user_id', 'd.credential_id']),
      )
      .with('tombstone', (made) =>
        made
          .insertInto('tombstones')
          .columns(['app_id', 'credential_hash', 'user_id'])
          .expression((from) =>
            from
              .selectFrom('revoked')
              .select(['app_id', sql<Buffer>`sha256(credential_id)`.as('hash'), 'user_id']),
          )
          .onConflict((on) => on.doNothing()),
      )
      // This part does not see the tombstone that is being made.
      .with('forgotten', (gone) =>
        gone
          .deleteFrom('tombstones')
          .where('app_id', '=', $.appId)
          .where('credential_hash', 'in', (it) =>
            it
              .selectFrom('tombstones as old')
              .innerJoin('revoked as r', (on) =>
                on.onRef('r.app_id', '=', 'old.app_id').onRef('r.user_id', '=', 'old.user_id'),
              )
              .select('old.credential_hash')
              .orderBy('old.revoked_at', 'desc')
              .offset(MAX_TOMBSTONES - 1),
          ),
      )
      .selectFrom('revoked')
      .select('user_id as userId'),
);

/** The passkeys of every app; each call names the app, and the user where one is given. */
@Injectable()
export class DeviceRepository {
  constructor(private readonly database: Database) {}

  /** Null if the app has no such user. */
  async list(appId: string, user: UserKey, on: Queryable = this.database): Promise<UserWithDevices | null> {
    const rows = await on.run(...LIST(user, { appId }));
    const [first] = rows;
    if (!first) return null;
    const { rpId, limit, lastPasskey, isRegistering } = first;
    const devices = first.id === null ? [] : (rows as ListedDeviceRow[]);
    return { rpId, limit, lastPasskey, isRegistering: Boolean(isRegistering), devices };
  }

  /** How many passkeys a user has; 0 for an unknown user. */
  async countOf(appId: string, userId: string, on: Queryable = this.database): Promise<number> {
    const [row] = await on.run(COUNT, { appId, userId });
    return row!.count;
  }

  /** The renamed row with its owner, or null if the user has no such passkey. */
  async rename(
    appId: string,
    user: UserKey,
    device: { readonly id: string; readonly friendlyName: string },
    tx: DatabaseTransaction,
  ): Promise<(DeviceRow & { userId: string }) | null> {
    const { id: deviceId, friendlyName } = device;
    const [row] = await tx.run(...RENAME(user, { appId, deviceId, friendlyName }));
    return row ?? null;
  }

  /** Locks a user against every other change until the transaction ends (FOR NO KEY UPDATE); gives their id, or null. */
  async lockOwner(appId: string, user: UserKey, tx: DatabaseTransaction): Promise<string | null> {
    const [row] = await tx.run(...LOCK_OWNER(user, { appId }));
    return row?.id ?? null;
  }

  /**
   * Whether a passkey of the user is the last one that counts: beside it there are none, or automatic ones alone that have
   * not signed in yet. For a user whom the transaction has locked by a statement before. False if it is not theirs.
   */
  async isLast(
    device: { readonly appId: string; readonly userId: string; readonly deviceId: string },
    tx: DatabaseTransaction,
  ): Promise<boolean> {
    return (await tx.run(IS_LAST, device)).length === 1;
  }

  /**
   * Deletes a passkey and the nonces that it proved, and inserts its tombstone. Answers with its owner's id, or null if the
   * user has no such passkey.
   */
  async revoke(
    appId: string,
    user: UserKey,
    deviceId: string,
    tx: DatabaseTransaction,
  ): Promise<string | null> {
    const [row] = await tx.run(...REVOKE(user, { appId, deviceId }));
    return row?.userId ?? null;
  }
}
