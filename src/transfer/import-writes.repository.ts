import { Injectable } from '@nestjs/common';
import { type RawBuilder, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { DatabaseTransaction } from '../database/database.js';
import { type Query, query, type SqlBuilder } from '../database/query.js';
import { TieMarkRepository } from '../users/tie-mark.repository.js';
import type { ImportPlan } from './import-plan.js';
import { hex, oneOfTexts } from './import-state.repository.js';

/** What a batch was planned on has changed since: it must be read and planned again. */
export class StateChanged extends Error {}

/** What stands for values of PostgreSQL's types in queries. */
interface InQuery {
  text: string;
  bytea: Buffer;
  boolean: boolean;
  integer: number;
  bigint: number;
  'text[]': string[];
  timestamptz: Date;
}
/** The same in JSON: bytes are `\x` and hexadecimal. */
type InJson = Omit<InQuery, 'bytea' | 'text[]' | 'timestamptz'> & {
  bytea: `\\x${string}`;
  'text[]': readonly string[];
  timestamptz: string;
};
type Columns = Readonly<Record<string, keyof InQuery>>;
type QueriedRow<C extends Columns> = { [Name in keyof C]: InQuery[C[Name]] | null };
type Row<C extends Columns> = { readonly [Name in keyof C]: InJson[C[Name]] | null };
/** The rows of one statement travel as JSON in one parameter, which both drivers write in the same way. */
type Write = { appId: string; rows: string };
type Users = { appId: string; userIds: readonly string[] };

const DATES = { last_login_at: 'timestamptz', created_at: 'timestamptz', updated_at: 'timestamptz' } as const;
const USER = {
  id: 'text',
  external_id: 'text',
  user_handle: 'bytea',
  user_handle_settled: 'boolean',
  status: 'text',
  login_count: 'integer',
  ...DATES,
} as const;
const HANDLE = { form: 'bytea', user_id: 'text' } as const;
const ADOPTION = { id: 'text', user_handle: 'bytea' } as const;
const PASSKEY = {
  id: 'text',
  user_id: 'text',
  credential_id: 'bytea',
  public_key: 'bytea',
  algorithm: 'integer',
  user_handle: 'bytea',
  user_handle_known: 'boolean',
  counter: 'bigint',
  aaguid: 'text',
  transports: 'text[]',
  attachment: 'text',
  backup_eligible: 'boolean',
  backed_up: 'boolean',
  attestation_format: 'text',
  attestation_trust: 'text',
  automatic: 'boolean',
  friendly_name: 'text',
  name_code: 'text',
  created_from: 'text',
  last_used_from: 'text',
  usage_count: 'integer',
  ...DATES,
} as const;
const TIE = { id: 'text', issuer: 'text', subject: 'text', external_id: 'text' } as const;
const SUPERSEDED = { id: 'text', user_id: 'text', credential_id: 'bytea' } as const;
const LEGACY_DEVICE = {
  id: 'text',
  user_id: 'text',
  credential_id: 'bytea',
  friendly_name: 'text',
  kind: 'text',
  usage_count: 'integer',
  ...DATES,
} as const;
const TOMBSTONE = { credential_hash: 'bytea', revoked_at: 'timestamptz' } as const;

const namesOf = <C extends Columns>(columns: C) => Object.keys(columns) as (keyof C & string)[];

/** The given rows as the table `r`. */
function given<C extends Columns>(columns: C, { rows }: Write) {
  const types = namesOf(columns).map((name) => sql`${sql.id(name)} ${sql.raw(columns[name]!)}`);
  return sql<QueriedRow<C>>`json_to_recordset(${rows}::text::json)`.as<'r'>(sql`r(${sql.join(types)})`);
}

const WHERE_MISSING: Readonly<Record<string, RawBuilder<unknown>>> = {
  created_at: sql`coalesce(r.created_at, now())`,
  updated_at: sql`coalesce(r.updated_at, r.created_at, now())`,
  revoked_at: sql`coalesce(r.revoked_at, now())`,
};

/** The given rows with the app's id before them, to be inserted. */
const toInsert = (db: SqlBuilder, columns: Columns, $: Write) =>
  db
    .selectFrom(given(columns, $))
    .select([
      sql`${$.appId}::text`.as('app_id'),
      ...namesOf(columns).map((name) => (WHERE_MISSING[name] ?? sql.ref(`r.${name}`)).as(name)),
    ]);

const ADOPT_HANDLES = query('import.adopt-handles', (db, $: Write & Users) =>
  db
    .updateTable('flex_users as u')
    .from(given(ADOPTION, $))
    .set((of) => ({ user_handle: of.ref('r.user_handle').$notNull(), user_handle_settled: true }))
    .where('u.app_id', '=', $.appId)
    .where('u.id', '=', oneOfTexts($.userIds))
    .whereRef('u.id', '=', 'r.id')
    .where('u.user_handle_settled', '=', false),
);
// Another request ties one of them at this moment: the batch is then planned again.
const INSERT_TIES = query('import.insert-ties', (db, $: Write) =>
  db
    .insertInto('users')
    .columns(['id', 'issuer', 'subject', 'username', 'passage_external_id', 'tied_by'])
    .expression(
      db
        .selectFrom(given(TIE, $))
        .select((it) => [
          it.ref('r.id').$notNull().as('id'),
          it.ref('r.issuer').$notNull().as('issuer'),
          it.ref('r.subject').$notNull().as('subject'),
          it.ref('r.subject').$notNull().as('username'),
          'r.external_id',
          sql<'operator'>`'operator'`.as('tied_by'),
        ]),
    )
    .onConflict((on) => on.doNothing()),
);
const LOCK_TIED = query('import.lock-tied', (db, $: Users) =>
  db
    .selectFrom('flex_users')
    .where('app_id', '=', $.appId)
    .where('id', '=', oneOfTexts($.userIds))
    .select('id')
    .orderBy('id')
    .forUpdate(),
);
// What users had begun or proved before they were tied is void.
const VOID_TRANSACTIONS = query('import.void-transactions', (db, $: Users) =>
  db.deleteFrom('transactions').where('app_id', '=', $.appId).where('user_id', '=', oneOfTexts($.userIds)),
);
const VOID_NONCES = query('import.void-nonces', (db, $: Users) =>
  db.deleteFrom('nonces').where('app_id', '=', $.appId).where('user_id', '=', oneOfTexts($.userIds)),
);
const INSERT_USERS = query('import.insert-users', (db, $: Write) =>
  db
    .insertInto('flex_users')
    .columns(['app_id', ...namesOf(USER)])
    .expression(toInsert(db, USER, $)),
);
const CLAIM_HANDLES = query('import.claim-handles', (db, $: Write) =>
  db
    .insertInto('user_handles')
    .columns(['app_id', ...namesOf(HANDLE)])
    .expression(toInsert(db, HANDLE, $)),
);
const INSERT_PASSKEYS = query('import.insert-passkeys', (db, $: Write) =>
  db
    .insertInto('devices')
    .columns(['app_id', ...namesOf(PASSKEY)])
    .expression(toInsert(db, PASSKEY, $)),
);
// With its key, a passkey is worth more than what was kept in its place.
const SUPERSEDE = query('import.supersede-legacy-devices', (db, $: Write & Users) =>
  db
    .deleteFrom('legacy_devices as l')
    .using(given(SUPERSEDED, $))
    .where('l.app_id', '=', $.appId)
    .where('l.user_id', '=', oneOfTexts($.userIds))
    .whereRef('l.user_id', '=', 'r.user_id')
    .where((on) =>
      on.or([on('l.id', '=', on.ref('r.id')), on('l.credential_id', '=', on.ref('r.credential_id'))]),
    ),
);
const INSERT_LEGACY_DEVICES = query('import.insert-legacy-devices', (db, $: Write) =>
  db
    .insertInto('legacy_devices')
    .columns(['app_id', ...namesOf(LEGACY_DEVICE)])
    .expression(toInsert(db, LEGACY_DEVICE, $)),
);
const INSERT_TOMBSTONES = query('import.insert-tombstones', (db, $: Write) =>
  db
    .insertInto('tombstones')
    .columns(['app_id', ...namesOf(TOMBSTONE)])
    .expression(toInsert(db, TOMBSTONE, $)),
);

/** Writes what an import has planned. */
@Injectable()
export class ImportWritesRepository {
  constructor(private readonly marks: TieMarkRepository) {}

  /**
   * Writes it in at most twelve statements. Throws `StateChanged` if a user has begun to use another handle meanwhile, or
   * was tied.
   */
  async write(appId: string, plan: ImportPlan, tx: DatabaseTransaction): Promise<void> {
    const write = (
      into: Query<Write & Users, unknown>,
      rows: readonly object[],
      userIds: readonly string[] = [],
    ): Promise<number> =>
      rows.length === 0 ? Promise.resolve(0) : tx.count(into, { appId, rows: JSON.stringify(rows), userIds });
    const newUsers = [...plan.newUsers];
    const newIds = new Set(newUsers.map(({ id }) => id));
    await this.tie(appId, plan, newIds, tx);
    await write(INSERT_TOMBSTONES, plan.tombstones.map(toTombstone));
    const adoptions = [...plan.adoptions];
    const adopting = adoptions.map(({ id }) => id);
    // A user has meanwhile begun to register passkeys with the handle that they had.
    if ((await write(ADOPT_HANDLES, adoptions.map(toAdoption), adopting)) < adoptions.length) {
      throw new StateChanged();
    }
    await write(INSERT_USERS, newUsers.map(toUser));
    await write(CLAIM_HANDLES, plan.claims.map(toHandle));
    await write(INSERT_PASSKEYS, plan.passkeys.map(toPasskey));
    // New users had no devices.
    const ofKnownUsers = plan.passkeys.filter(({ userId }) => !newIds.has(userId));
    const owners = ofKnownUsers.map(({ userId }) => userId);
    await write(SUPERSEDE, ofKnownUsers.map(toSuperseded), owners);
    await write(INSERT_LEGACY_DEVICES, plan.legacyDevices.map(toLegacyDevice));
  }

  private async tie(
    appId: string,
    plan: ImportPlan,
    newIds: ReadonlySet<string>,
    tx: DatabaseTransaction,
  ): Promise<void> {
    const { ties } = plan;
    if (ties.length === 0) return;
    const rows = JSON.stringify(ties.map(toTie));
    if ((await tx.count(INSERT_TIES, { appId, rows })) < ties.length) throw new StateChanged();
    const externalIds = ties.map(({ externalId }) => externalId);
    await this.marks.lift(appId, externalIds, tx);
    // New users have not begun anything.
    const userIds = externalIds.map((id) => plan.userIdOf(id)).filter((id) => !newIds.has(id));
    if (userIds.length === 0) return;
    await tx.run(LOCK_TIED, { appId, userIds });
    await tx.run(VOID_TRANSACTIONS, { appId, userIds });
    await tx.run(VOID_NONCES, { appId, userIds });
  }
}

type Of<Collection> = Collection extends Iterable<infer Item> ? Item : never;
type Dated = Pick<Of<ImportPlan['passkeys']>, 'lastLoginAt' | 'createdAt' | 'updatedAt'>;

const toBytea = (bytes: Uint8Array) => `\\x${hex(bytes)}` as const;

const toDates = (row: Dated | null): Row<typeof DATES> => ({
  last_login_at: row?.lastLoginAt ?? null,
  created_at: row?.createdAt ?? null,
  updated_at: row?.updatedAt ?? null,
});

const toUser = ({ row, ...user }: Of<ImportPlan['newUsers']>): Row<typeof USER> => ({
  id: user.id,
  external_id: user.externalId,
  user_handle: toBytea(user.userHandle),
  user_handle_settled: user.isSettled,
  status: user.status,
  login_count: row?.loginCount ?? 0,
  ...toDates(row),
});

const toTie = (tie: Of<ImportPlan['ties']>): Row<typeof TIE> => ({
  id: uuidv7(),
  issuer: tie.issuer,
  subject: tie.subject,
  external_id: tie.externalId,
});

const toAdoption = ({ id, userHandle }: Of<ImportPlan['adoptions']>): Row<typeof ADOPTION> => ({
  id,
  user_handle: toBytea(userHandle),
});

const toHandle = ({ form, userId }: Of<ImportPlan['claims']>): Row<typeof HANDLE> => ({
  form: toBytea(form),
  user_id: userId,
});

const toPasskey = (row: Of<ImportPlan['passkeys']>): Row<typeof PASSKEY> => ({
  id: row.id,
  user_id: row.userId,
  credential_id: toBytea(row.credentialId),
  public_key: toBytea(row.publicKey),
  algorithm: row.algorithm,
  user_handle: row.userHandle && toBytea(row.userHandle),
  user_handle_known: row.isHandleKnown,
  counter: row.counter,
  aaguid: row.aaguid,
  transports: row.transports,
  attachment: row.attachment,
  backup_eligible: row.backupEligible,
  backed_up: row.backedUp,
  attestation_format: row.attestationFormat,
  attestation_trust: row.attestationTrust,
  automatic: row.automatic,
  friendly_name: row.friendlyName,
  name_code: row.nameCode,
  created_from: row.createdFrom,
  last_used_from: row.lastUsedFrom,
  usage_count: row.usageCount,
  ...toDates(row),
});

const toSuperseded = (row: Of<ImportPlan['passkeys']>): Row<typeof SUPERSEDED> => ({
  id: row.id,
  user_id: row.userId,
  credential_id: toBytea(row.credentialId),
});

const toLegacyDevice = (row: Of<ImportPlan['legacyDevices']>): Row<typeof LEGACY_DEVICE> => ({
  id: row.id,
  user_id: row.userId,
  credential_id: row.credentialId && toBytea(row.credentialId),
  friendly_name: row.friendlyName,
  kind: row.deviceKind,
  usage_count: row.usageCount,
  ...toDates(row),
});

const toTombstone = ({ credentialHash, revokedAt }: Of<ImportPlan['tombstones']>): Row<typeof TOMBSTONE> => ({
  credential_hash: toBytea(credentialHash),
  revoked_at: revokedAt,
});
