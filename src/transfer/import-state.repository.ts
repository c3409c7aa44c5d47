import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Queryable } from '../database/database.js';
import { type Query, query, type SqlBuilder } from '../database/query.js';
import type { Identity } from '../users/user.repository.js';
import type { FlexUserStatus } from '../flex/users/flex-user.entity.js';
import { userHandleForms } from '../webauthn/user-handle.js';
import type { TransferRow } from './formats/transfer-row.js';

/** A user as an import finds or creates them. */
export interface KnownUser {
  readonly id: string;
  readonly externalId: string;
  readonly userHandle: Buffer;
  readonly isSettled: boolean;
  readonly status: FlexUserStatus;
}

/** A passkey that the app already has; `publicKey` is COSE_Key bytes. */
export interface KnownDevice {
  readonly id: string;
  readonly userId: string;
  readonly publicKey: Buffer;
}

/** An identity and the external ID that it is tied to. */
export type KnownTie = Identity & { readonly externalId: string };

/** What the app already has of the users and credentials that some rows name. Map and set keys of bytes are hexadecimal. */
export interface ImportState {
  readonly users: readonly KnownUser[];
  /** Of the identities and of the external IDs that rows with a subject name. */
  readonly ties: readonly KnownTie[];
  /** User id by form of a user handle. */
  readonly handleOwners: ReadonlyMap<string, string>;
  readonly devicesByCredential: ReadonlyMap<string, KnownDevice>;
  /** User id by device id. */
  readonly deviceIds: ReadonlyMap<string, string>;
  readonly legacyIds: ReadonlyMap<string, string>;
  /** SHA-256 of the IDs of revoked credentials. */
  readonly tombstones: ReadonlySet<string>;
  /** SHA-256 of the IDs of credentials that are in use, among those for which rows bring a tombstone. */
  readonly inUse: ReadonlySet<string>;
}

type Texts = { appId: string; keys: readonly string[] };
type Bytes = { appId: string; keys: readonly Buffer[] };

/**
 * To be compared with a column: any of the keys. The planner takes an array that a subquery makes for a short one, and looks up
 * each element in the index. Joined with the keys, or given an array that it sees, it reads all rows of the app for each
 * batch, where its statistics are from a time when these were few.
 */
export const oneOfTexts = (keys: readonly string[]) =>
  sql<string>`any(array(select unnest(${keys}::text[])))`;
const oneOfBytes = (keys: readonly Buffer[]) => sql<Buffer>`any(array(select unnest(${keys}::bytea[])))`;

const users = (db: SqlBuilder, appId: string) =>
  db
    .selectFrom('flex_users')
    .where('app_id', '=', appId)
    .select([
      'id',
      'external_id as externalId',
      'user_handle as userHandle',
      'user_handle_settled as isSettled',
      'status',
    ]);
const devices = (db: SqlBuilder, appId: string) =>
  db
    .selectFrom('devices')
    .where('app_id', '=', appId)
    .select(['id', 'user_id as userId', 'credential_id as credentialId', 'public_key as publicKey']);

const USERS_BY_EXTERNAL_ID = query('import.users', (db, $: Texts) =>
  users(db, $.appId).where('external_id', '=', oneOfTexts($.keys)),
);
const USERS_BY_ID = query('import.users-by-id', (db, $: Texts) =>
  users(db, $.appId).where('id', '=', oneOfTexts($.keys)),
);
const HANDLES = query('import.handles', (db, $: Bytes) =>
  db
    .selectFrom('user_handles')
    .where('app_id', '=', $.appId)
    .where('form', '=', oneOfBytes($.keys))
    .select(['form', 'user_id as userId']),
);
const DEVICES_BY_CREDENTIAL = query('import.devices', (db, $: Bytes) =>
  devices(db, $.appId).where('credential_id', '=', oneOfBytes($.keys)),
);
const DEVICES_BY_ID = query('import.devices-by-id', (db, $: Texts) =>
  devices(db, $.appId).where('id', '=', oneOfTexts($.keys)),
);
const LEGACY_DEVICES = query('import.legacy-devices', (db, $: Texts) =>
  db
    .selectFrom('legacy_devices')
    .where('app_id', '=', $.appId)
    .where('id', '=', oneOfTexts($.keys))
    .select(['id', 'user_id as userId']),
);
const TOMBSTONES = query('import.tombstones', (db, $: Bytes) =>
  db
    .selectFrom('tombstones')
    .where('app_id', '=', $.appId)
    .where('credential_hash', '=', oneOfBytes($.keys))
    .select('credential_hash as hash'),
);
const ties = (db: SqlBuilder) =>
  db
    .selectFrom('users')
    .where('passage_external_id', 'is not', null)
    .select(['issuer', 'subject', (it) => it.ref('passage_external_id').$notNull().as('externalId')]);
const TIES_BY_EXTERNAL_ID = query('import.ties', (db, $: Texts) =>
  ties(db).where('passage_external_id', '=', oneOfTexts($.keys)),
);
const TIES_BY_SUBJECT = query('import.ties-by-subject', (db, $: Texts & { issuers: readonly string[] }) =>
  ties(db).where((it) =>
    it(
      it.refTuple('issuer', 'subject'),
      'in',
      sql<never>`(select * from unnest(${$.issuers}::text[], ${$.keys}::text[]))`,
    ),
  ),
);
const HASH = sql<Buffer>`sha256(credential_id)`;
const IN_USE = query('import.credentials-in-use', (db, $: Bytes) =>
  db
    .selectFrom('devices')
    .where('app_id', '=', $.appId)
    .where(HASH, '=', oneOfBytes($.keys))
    .select(HASH.as('hash')),
);

/** Finds an app by its id. */
export const FIND_APP = query('transfer.app', (db, $: { appId: string }) =>
  db.selectFrom('apps').where('id', '=', $.appId).select('id'),
);
/** Lets a transaction wait between its statements, for a file to be read or written, for as long as that takes. */
export const ALLOW_IDLENESS = query('transfer.allow-idleness', (db, _: object) =>
  db.selectNoFrom(sql`set_config('idle_in_transaction_session_timeout', '0', true)`.as('timeout')),
);

const FORGET_PLANS = query('transfer.forget-plans', (db, _: object) => ({
  compile: () => sql`discard plans`.compile(db),
}));

/** Lower-case hexadecimal. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** SHA-256 of a credential ID, as tombstones keep it. */
export const hashOfCredential = (id: Buffer): Buffer => createHash('sha256').update(id).digest();

/** Reads what an import compares its rows with. */
@Injectable()
export class ImportStateRepository {
  /** Whether there is an app with this id. */
  async hasApp(appId: string, on: Queryable): Promise<boolean> {
    return (await on.run(FIND_APP, { appId })).length > 0;
  }

  /** Switches the timeout of idle transactions off for this one, which waits for a file between its statements. */
  async allowIdleness(tx: Queryable): Promise<void> {
    await tx.run(ALLOW_IDLENESS, {});
  }

  /**
   * Has what this connection prepared planned anew, the checks of foreign keys among it. An import may be what fills a
   * database, and a plan for hardly any rows reads all of them: a foreign key's went through every user of the app.
   */
  async forgetPlans(tx: Queryable): Promise<void> {
    await tx.run(FORGET_PLANS, {});
  }

  /**
   * Reads it in at most ten statements, however many rows there are. `identities` are those of the rows that have a
   * subject, with their issuers.
   */
  async load(
    appId: string,
    rows: readonly TransferRow[],
    identities: readonly KnownTie[],
    tx: Queryable,
  ): Promise<ImportState> {
    const find = <Key, Row>(
      by: Query<{ appId: string; keys: readonly Key[] }, Row>,
      keys: readonly Key[],
    ): Promise<Row[]> => (keys.length === 0 ? Promise.resolve([]) : tx.run(by, { appId, keys }));
    const wanted = keysOf(rows);
    const handles = await find(HANDLES, wanted.handleForms);
    const known = await find(DEVICES_BY_CREDENTIAL, wanted.credentials);
    const namesakes = await find(DEVICES_BY_ID, wanted.deviceIds);
    const legacy = await find(LEGACY_DEVICES, wanted.deviceIds);
    // After the devices: a passkey that is revoked between the two reads is found by one of them.
    const tombstones = await find(TOMBSTONES, wanted.hashes);
    const inUse = await find(IN_USE, wanted.toBury);
    const tiedExternalIds = await find(
      TIES_BY_EXTERNAL_ID,
      identities.map(({ externalId }) => externalId),
    );
    const tiedIdentities =
      identities.length === 0
        ? []
        : await tx.run(TIES_BY_SUBJECT, {
            appId,
            issuers: identities.map(({ issuer }) => issuer),
            keys: identities.map(({ subject }) => subject),
          });
    // Last: the owners of handles and passkeys that another import has just written are then known as well.
    const byExternalId = await find(USERS_BY_EXTERNAL_ID, wanted.externalIds);
    const byId = await find(USERS_BY_ID, wanted.userIds);
    return {
      users: [...byExternalId, ...byId],
      ties: [...tiedExternalIds, ...tiedIdentities],
      handleOwners: new Map(handles.map(({ form, userId }) => [hex(form), userId])),
      devicesByCredential: new Map(known.map((device) => [hex(device.credentialId), device])),
      deviceIds: new Map(namesakes.map(({ id, userId }) => [id, userId])),
      legacyIds: new Map(legacy.map(({ id, userId }) => [id, userId])),
      tombstones: new Set(tombstones.map(({ hash }) => hex(hash))),
      inUse: new Set(inUse.map(({ hash }) => hex(hash))),
    };
  }
}

/** What the rows are looked up by. */
function keysOf(rows: readonly TransferRow[]) {
  const handles = rows.flatMap((row) => ('userHandle' in row && row.userHandle ? [row.userHandle] : []));
  const credentials = rows.flatMap((row) =>
    'credentialId' in row && row.credentialId ? [row.credentialId] : [],
  );
  const toBury = rows.flatMap((row) => (row.kind === 'tombstone' ? [row.credentialHash] : []));
  const idsOf = (...kinds: TransferRow['kind'][]) =>
    rows.flatMap((row) => (kinds.includes(row.kind) && 'id' in row && row.id !== null ? [row.id] : []));
  return {
    externalIds: [...new Set(rows.flatMap((row) => ('externalId' in row ? [row.externalId] : [])))],
    userIds: idsOf('user'),
    handleForms: handles.flatMap((handle) => userHandleForms(handle)),
    credentials,
    deviceIds: idsOf('passkey', 'legacy_device'),
    hashes: [...credentials.map(hashOfCredential), ...toBury],
    toBury,
  };
}
