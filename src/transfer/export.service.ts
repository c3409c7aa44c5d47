import type { Database } from '../database/database.js';
import { type Queryable, type Statement, statement } from '../database/statement.js';
import { appNotFound } from '../flex/apps/apps.service.js';

const PAGE = 1_000;

// It waits for whoever reads the lines, between its statements.
const ALLOW_IDLENESS = statement('export.idle', 'set local idle_in_transaction_session_timeout = 0');
const FIND_APP = statement('export.app', 'select id from apps where id = $1');

/** To the microsecond, as PostgreSQL keeps it. */
const moment = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${column.replace(/^.*\./, '')}`;
const bytes = (expression: string, name: string): string => `encode(${expression}, 'hex') as ${name}`;
const DATES = (table: string) =>
  ['last_login_at', 'created_at', 'updated_at'].map((column) => moment(`${table}.${column}`)).join(', ');

// By the primary key, from the last one seen: each page costs the same, however many came before it.
const PAGES: Readonly<Record<string, Statement>> = {
  user: statement(
    'export.users',
    `select u.id as key, u.external_id, u.id,
       ${bytes('case when u.user_handle_settled then u.user_handle end', 'user_handle')},
       u.status, u.login_count, ${DATES('u')}
     from flex_users u where u.app_id = $1 and u.id > $2 order by u.id limit ${PAGE}`,
  ),
  passkey: statement(
    'export.passkeys',
    `select d.id as key, u.external_id, d.id, ${bytes('d.credential_id', 'credential_id')},
       ${bytes('d.public_key', 'public_key')},
       ${bytes('case when d.user_handle_known then coalesce(d.user_handle, u.user_handle) end', 'user_handle')},
       d.counter::text as sign_count, d.aaguid, d.transports, d.attachment, d.backup_eligible, d.backed_up,
       d.attestation_format, d.attestation_trust, d.friendly_name, d.usage_count, ${DATES('d')}
     from devices d join flex_users u on u.app_id = d.app_id and u.id = d.user_id
     where d.app_id = $1 and d.id > $2 order by d.id limit ${PAGE}`,
  ),
  legacy_device: statement(
    'export.legacy-devices',
    `select l.id as key, u.external_id, l.id, ${bytes('l.credential_id', 'credential_id')}, l.friendly_name, l.kind,
       l.usage_count, ${DATES('l')}
     from legacy_devices l join flex_users u on u.app_id = l.app_id and u.id = l.user_id
     where l.app_id = $1 and l.id > $2 order by l.id limit ${PAGE}`,
  ),
  tombstone: statement(
    'export.tombstones',
    `select ${bytes('t.credential_hash', 'key')}, ${bytes('t.credential_hash', 'credential_hash')}, ${moment('t.revoked_at')}
     from tombstones t where t.app_id = $1 and t.credential_hash > decode($2, 'hex')
     order by t.credential_hash limit ${PAGE}`,
  ),
};

const IN_BYTES = new Set(['credential_id', 'public_key', 'user_handle', 'credential_hash']);

type ExportRow = { readonly key: string } & Readonly<Record<string, unknown>>;

/** Writes an app's users and passkeys in the form that `ImportService` reads (docs/import-format.md). */
export class ExportService {
  constructor(private readonly database: Database) {}

  /**
   * Lines of JSON, each with its end: users, then passkeys, devices without a key, and tombstones, each by id; all of it
   * as it was when the export began. Throws `OperatorError` if there is no such app.
   */
  export(appId: string): AsyncGenerator<string> {
    return this.database.snapshot((tx) => this.read(appId, tx));
  }

  private async *read(appId: string, tx: Queryable): AsyncGenerator<string> {
    await tx.query(ALLOW_IDLENESS, []);
    if ((await tx.query(FIND_APP, [appId])).length === 0) throw appNotFound(appId);
    for (const [type, page] of Object.entries(PAGES)) {
      let rows: ExportRow[];
      let after = '';
      do {
        rows = await tx.query<ExportRow>(page, [appId, after]);
        after = rows.at(-1)?.key ?? after;
        for (const row of rows) yield `${JSON.stringify({ type, ...toMembers(row) })}\n`;
      } while (rows.length === PAGE);
    }
  }
}

/** Bytes in base64url; the counter, which the driver gives as text, as a number. */
function toMembers({ key: _, ...row }: ExportRow): Record<string, unknown> {
  const members = Object.entries(row).map(([name, value]) => {
    if (name === 'sign_count') return [name, Number(value)];
    const isInBytes = IN_BYTES.has(name) && typeof value === 'string';
    return [name, isInBytes ? Buffer.from(value, 'hex').toString('base64url') : value];
  });
  return Object.fromEntries(members) as Record<string, unknown>;
}
