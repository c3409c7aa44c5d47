import { type Queryable, type Statement, statement } from '../database/statement.js';
import type { ImportPlan } from './import-plan.js';
import { hex } from './import-state.js';

/** What a batch was planned on has changed meanwhile: it is to be read and planned again. */
export class StateChanged extends Error {}

const DATES = `coalesce(r.created_at, now()), coalesce(r.updated_at, r.created_at, now())`;
const rows = (columns: string): string => `jsonb_to_recordset($2::text::jsonb) as r(${columns})`;
const DATE_COLUMNS = 'last_login_at timestamptz, created_at timestamptz, updated_at timestamptz';

const ADOPT = statement(
  'import.adopt-handles',
  `update flex_users u set user_handle = decode(r.user_handle, 'hex'), user_handle_settled = true
   from ${rows('id text, user_handle text')}
   where u.app_id = $1 and u.id = r.id and not u.user_handle_settled
   returning u.id`,
);

const INSERT_USERS = statement(
  'import.insert-users',
  `insert into flex_users (app_id, id, external_id, user_handle, user_handle_settled, status, login_count,
     last_login_at, created_at, updated_at)
   select $1, r.id, r.external_id, decode(r.user_handle, 'hex'), r.is_settled, r.status, r.login_count,
     r.last_login_at, ${DATES}
   from ${rows(`id text, external_id text, user_handle text, is_settled boolean, status text, login_count integer,
     ${DATE_COLUMNS}`)}`,
);

const CLAIM = statement(
  'import.claim-handles',
  `insert into user_handles (app_id, form, user_id) select $1, decode(r.form, 'hex'), r.user_id
   from ${rows('form text, user_id text')}`,
);

const INSERT_PASSKEYS = statement(
  'import.insert-passkeys',
  `insert into devices (app_id, id, user_id, credential_id, public_key, algorithm, user_handle, user_handle_known,
     counter, aaguid, transports, attachment, backup_eligible, backed_up, attestation_format, attestation_trust,
     friendly_name, usage_count, last_login_at, created_at, updated_at)
   select $1, r.id, r.user_id, decode(r.credential_id, 'hex'), decode(r.public_key, 'hex'), r.algorithm,
     decode(r.user_handle, 'hex'), r.is_handle_known, r.counter, r.aaguid, r.transports, r.attachment,
     r.backup_eligible, r.backed_up, r.attestation_format, r.attestation_trust, r.friendly_name, r.usage_count,
     r.last_login_at, ${DATES}
   from ${rows(`id text, user_id text, credential_id text, public_key text, algorithm integer, user_handle text,
     is_handle_known boolean, counter bigint, aaguid text, transports text[], attachment text,
     backup_eligible boolean, backed_up boolean, attestation_format text, attestation_trust text,
     friendly_name text, usage_count integer, ${DATE_COLUMNS}`)}`,
);

// With its key, a passkey is more than what was kept in its place.
const SUPERSEDE = statement(
  'import.supersede-legacy-devices',
  `delete from legacy_devices l using ${rows('id text, user_id text, credential_id text')}
   where l.app_id = $1 and l.user_id = r.user_id
     and (l.id = r.id or l.credential_id = decode(r.credential_id, 'hex'))`,
);

const INSERT_LEGACY = statement(
  'import.insert-legacy-devices',
  `insert into legacy_devices (app_id, id, user_id, credential_id, friendly_name, kind, usage_count, last_login_at,
     created_at, updated_at)
   select $1, r.id, r.user_id, decode(r.credential_id, 'hex'), r.friendly_name, r.kind, r.usage_count,
     r.last_login_at, ${DATES}
   from ${rows(`id text, user_id text, credential_id text, friendly_name text, kind text, usage_count integer,
     ${DATE_COLUMNS}`)}`,
);

const BURY = statement(
  'import.insert-tombstones',
  `insert into tombstones (app_id, credential_hash, revoked_at)
   select $1, decode(r.credential_hash, 'hex'), coalesce(r.revoked_at, now())
   from ${rows('credential_hash text, revoked_at timestamptz')}`,
);

/** Writes a plan down, in as many statements as there are tables. Throws `StateChanged`. */
export async function writePlan(appId: string, plan: ImportPlan, tx: Queryable): Promise<void> {
  const write = (into: Statement, values: readonly object[]): Promise<object[]> =>
    values.length === 0 ? Promise.resolve([]) : tx.query(into, [appId, JSON.stringify(values)]);
  await write(BURY, plan.tombstones.map(toTombstone));
  const adoptions = [...plan.adoptions].map(({ id, userHandle }) => ({ id, user_handle: hex(userHandle) }));
  // Someone has begun to register passkeys with the handle that was there.
  if ((await write(ADOPT, adoptions)).length < adoptions.length) throw new StateChanged();
  await write(INSERT_USERS, [...plan.newUsers].map(toUser));
  await write(
    CLAIM,
    plan.claims.map(({ form, userId }) => ({ form, user_id: userId })),
  );
  const passkeys = plan.passkeys.map(toPasskey);
  await write(INSERT_PASSKEYS, passkeys);
  await write(SUPERSEDE, passkeys);
  await write(INSERT_LEGACY, plan.legacyDevices.map(toLegacyDevice));
}

type Of<Collection> = Collection extends Iterable<infer Item> ? Item : never;
type Dated = Pick<Of<ImportPlan['passkeys']>, 'lastLoginAt' | 'createdAt' | 'updatedAt'>;

const toDates = ({ lastLoginAt, createdAt, updatedAt }: Dated) => ({
  last_login_at: lastLoginAt,
  created_at: createdAt,
  updated_at: updatedAt,
});

const toUser = ({ id, externalId, userHandle, isSettled, status, row }: Of<ImportPlan['newUsers']>) => ({
  id,
  external_id: externalId,
  user_handle: hex(userHandle),
  is_settled: isSettled,
  status,
  login_count: row?.loginCount ?? 0,
  ...(row && toDates(row)),
});

const toPasskey = (row: Of<ImportPlan['passkeys']>) => ({
  id: row.id,
  user_id: row.userId,
  credential_id: hex(row.credentialId),
  public_key: hex(row.publicKey),
  algorithm: row.algorithm,
  user_handle: row.userHandle && hex(row.userHandle),
  is_handle_known: row.isHandleKnown,
  counter: row.counter,
  aaguid: row.aaguid,
  transports: row.transports,
  attachment: row.attachment,
  backup_eligible: row.backupEligible,
  backed_up: row.backedUp,
  attestation_format: row.attestationFormat,
  attestation_trust: row.attestationTrust,
  friendly_name: row.friendlyName,
  usage_count: row.usageCount,
  ...toDates(row),
});

const toLegacyDevice = (row: Of<ImportPlan['legacyDevices']>) => ({
  id: row.id,
  user_id: row.userId,
  credential_id: row.credentialId && hex(row.credentialId),
  friendly_name: row.friendlyName,
  kind: row.deviceKind,
  usage_count: row.usageCount,
  ...toDates(row),
});

const toTombstone = ({ credentialHash, revokedAt }: Of<ImportPlan['tombstones']>) => ({
  credential_hash: hex(credentialHash),
  revoked_at: revokedAt,
});
