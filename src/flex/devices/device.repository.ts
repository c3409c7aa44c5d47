import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database, DatabaseTransaction } from '../../database/database.js';
import { query } from '../../database/query.js';
import { type Queryable, statement, toDate } from '../../database/statement.js';
import type { VerifiedRegistration } from '../../webauthn/verify-registration.js';
import type { FlexUserStatus } from '../users/flex-user.repository.js';
import { addressed, statementByUser, type UserKey } from '../users/user-key.js';
import { DEVICE_COLUMNS, type DeviceRow } from './device.js';

/** A credential and its owner, as a sign-in needs them. */
export interface OwnedCredential {
  readonly deviceId: string;
  readonly userId: string;
  readonly status: FlexUserStatus;
  /** The handle it was made with; null while it is not known. */
  readonly userHandle: Buffer | null;
  /** COSE_Key bytes. */
  readonly publicKey: Buffer;
  readonly backupEligible: boolean | null;
  readonly createdAt: Date;
}

/** The outcome of a verified sign-in that the device's row keeps. */
export interface SignInTrace {
  readonly counter: number;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
}

const LIST = statementByUser(
  'devices.list',
  (user) => `select a.rp_id as "rpId", u.user_handle as "userHandle", ${DEVICE_COLUMNS}
   from flex_users u
   join apps a on a.id = u.app_id
   left join devices d on d.app_id = u.app_id and d.user_id = u.id
   where u.app_id = $1 and ${user} = $2
   order by d.created_at`,
);

const NAMES = statement(
  'devices.names-of-user',
  `select friendly_name as name from devices where app_id = $1 and user_id = $2`,
);

const COUNT = statement(
  'devices.count-of-user',
  `select count(*)::integer as count from devices where app_id = $1 and user_id = $2`,
);

const FIND_CREDENTIAL = statement(
  'devices.find-credential',
  `select d.id as "deviceId", d.user_id as "userId", u.status,
     case when d.user_handle_known then coalesce(d.user_handle, u.user_handle) end as "userHandle",
     d.public_key as "publicKey", d.backup_eligible as "backupEligible", d.created_at as "createdAt"
   from devices d join flex_users u on u.app_id = d.app_id and u.id = d.user_id
   where d.app_id = $1 and d.credential_id = $2`,
);

// The counter is compared where it is written: of two clones that race, one loses. Synced passkeys stay at 0.
const ADVANCE = statement(
  'devices.advance',
  `update devices set counter = $3, backed_up = $4, backup_eligible = coalesce(backup_eligible, $5),
     usage_count = usage_count + 1, last_login_at = now()
   where app_id = $1 and id = $2 and (counter < $3 or (counter = 0 and $3 = 0))
   returning id`,
);

const EXISTS = statement('devices.exists', `select 1 as found from devices where app_id = $1 and id = $2`);

const RENAME = statementByUser(
  'devices.rename',
  (user) => `update devices d set friendly_name = $4, updated_at = now()
   from flex_users u
   where u.app_id = $1 and ${user} = $2 and d.app_id = u.app_id and d.user_id = u.id and d.id = $3
   returning d.user_id as "userId", ${DEVICE_COLUMNS}`,
);

const DELETE = statementByUser(
  'devices.delete',
  (user) => `delete from devices d using flex_users u
   where u.app_id = $1 and ${user} = $2 and d.app_id = u.app_id and d.user_id = u.id and d.id = $3
   returning d.user_id as "userId", d.credential_id as "credentialId"`,
);

const BURY = statement(
  'devices.bury',
  `insert into tombstones (app_id, credential_hash) values ($1, $2) on conflict do nothing`,
);

const UNBURY = statement(
  'devices.unbury',
  'delete from tombstones where app_id = $1 and credential_hash = sha256($2)',
);

type NewDevice = Omit<VerifiedRegistration, 'userVerified' | 'origin'> & {
  appId: string;
  userId: string;
  id: string;
  friendlyName: string;
};

const INSERT = query('devices.insert', (db, $: NewDevice) =>
  db
    .insertInto('devices')
    .values({
      app_id: $.appId,
      id: $.id,
      user_id: $.userId,
      credential_id: $.credentialId,
      public_key: $.publicKey,
      algorithm: $.algorithm,
      counter: $.counter,
      aaguid: $.aaguid,
      transports: $.transports,
      attachment: $.attachment,
      backup_eligible: $.backupEligible,
      backed_up: $.backedUp,
      attestation_format: $.attestationFormat,
      attestation_trust: $.attestationTrust,
      friendly_name: $.friendlyName,
    })
    .onConflict((on) => on.columns(['app_id', 'credential_id']).doNothing())
    .returning('id'),
);

type ListRow = { rpId: string; userHandle: Buffer } & {
  [Column in keyof DeviceRow]: DeviceRow[Column] | null;
};

/** The passkeys of every app; each call names the app, and the user where one is given. */
@Injectable()
export class DeviceRepository {
  constructor(private readonly database: Database) {}

  /** One row a passkey, oldest first; a user without any has one row whose `id` is null, an unknown one none. */
  list(appId: string, user: UserKey): Promise<ListRow[]> {
    const [list, name] = addressed(LIST, user);
    return this.database.query<ListRow>(list, [appId, name]);
  }

  async namesOf(appId: string, userId: string, tx: Queryable): Promise<string[]> {
    return (await tx.query<{ name: string }>(NAMES, [appId, userId])).map(({ name }) => name);
  }

  async countOf(appId: string, userId: string, on: Queryable = this.database): Promise<number> {
    const [row] = await on.query<{ count: number }>(COUNT, [appId, userId]);
    return row?.count ?? 0;
  }

  async findCredential(appId: string, credentialId: Buffer): Promise<OwnedCredential | null> {
    const [row] = await this.database.query<OwnedCredential & { createdAt: string | Date }>(FIND_CREDENTIAL, [
      appId,
      credentialId,
    ]);
    return row ? { ...row, createdAt: toDate(row.createdAt) } : null;
  }

  /**
   * The new passkey's id, or null if its credential ID is in use in the app; the transaction is then void. One that was
   * revoked before lives again, as nobody but its authenticator could bring it back.
   */
  async insert(
    owner: { appId: string; userId: string },
    credential: VerifiedRegistration,
    friendlyName: string,
    tx: DatabaseTransaction,
  ): Promise<string | null> {
    const id = uuidv7();
    const rows = await tx.run(INSERT, { ...owner, id, friendlyName, ...credential });
    if (rows.length === 0) return null;
    await tx.query(UNBURY, [owner.appId, credential.credentialId]);
    return id;
  }

  /** Writes a sign-in down; false if the counter did not rise or the passkey is gone. */
  async advance(appId: string, deviceId: string, trace: SignInTrace, tx: Queryable): Promise<boolean> {
    const { counter, backedUp, backupEligible } = trace;
    return (await tx.query(ADVANCE, [appId, deviceId, counter, backedUp, backupEligible])).length === 1;
  }

  async exists(appId: string, deviceId: string, on: Queryable): Promise<boolean> {
    return (await on.query(EXISTS, [appId, deviceId])).length === 1;
  }

  /** The renamed row with its owner, or null if the user has no such passkey. */
  async rename(
    appId: string,
    user: UserKey,
    deviceId: string,
    friendlyName: string,
    tx: Queryable,
  ): Promise<(DeviceRow & { userId: string }) | null> {
    const [rename, name] = addressed(RENAME, user);
    const values = [appId, name, deviceId, friendlyName];
    const [row] = await tx.query<DeviceRow & { userId: string }>(rename, values);
    return row ?? null;
  }

  /** Deletes a passkey and what it proved, and leaves a tombstone; its owner, or null if the user has no such passkey. */
  async delete(appId: string, user: UserKey, deviceId: string, tx: Queryable): Promise<string | null> {
    const [remove, name] = addressed(DELETE, user);
    const [row] = await tx.query<{ userId: string; credentialId: Buffer }>(remove, [appId, name, deviceId]);
    if (!row) return null;
    await tx.query(BURY, [appId, createHash('sha256').update(row.credentialId).digest()]);
    return row.userId;
  }
}
