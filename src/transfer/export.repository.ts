import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Queryable } from '../database/database.js';
import { type Query, query } from '../database/query.js';
import { ALLOW_IDLENESS, FIND_APP } from './import-state.repository.js';

const PAGE = 1_000;

/** A row by the names of its members (docs/import-format.md), in their order; bytes are Buffers. */
export type ExportRow = Readonly<Record<string, unknown>>;

/** Rows of one `type`. */
export interface ExportPage {
  readonly type: string;
  readonly rows: readonly ExportRow[];
}

/** `after` is the key of the last row seen: each page costs the same, however many came before it. */
type After = { appId: string; after: string; ownAppId: string };

/** To the microsecond, as PostgreSQL keeps it. */
const moment = (column: string) =>
  sql<string | null>`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const dates = (table: string) =>
  ['last_login_at', 'created_at', 'updated_at'].map((name) => moment(`${table}.${name}`).as(name));

const USERS = query('export.users', (db, $: After) =>
  db
    .selectFrom('flex_users as u')
    .leftJoin('users as i', (on) =>
      on.onRef('i.passage_external_id', '=', 'u.external_id').on('u.app_id', '=', $.ownAppId),
    )
    .where('u.app_id', '=', $.appId)
    .where('u.id', '>', $.after)
    .orderBy('u.id')
    .limit(sql.lit(PAGE))
    .select(['u.id as key', 'u.external_id', 'i.issuer', 'i.subject', 'u.id'])
    .select((of) =>
      of
        .case()
        .when('u.user_handle_settled', '=', true)
        .then(of.ref('u.user_handle'))
        .end()
        .as('user_handle'),
    )
    .select(['u.status', 'u.login_count', ...dates('u')]),
);
const PASSKEYS = query('export.passkeys', (db, $: After) =>
  db
    .selectFrom('devices as d')
    .innerJoin('flex_users as u', (on) =>
      on.onRef('u.app_id', '=', 'd.app_id').onRef('u.id', '=', 'd.user_id'),
    )
    .where('d.app_id', '=', $.appId)
    .where('d.id', '>', $.after)
    .orderBy('d.id')
    .limit(sql.lit(PAGE))
    .select(['d.id as key', 'u.external_id', 'd.id', 'd.credential_id', 'd.public_key'])
    .select((of) =>
      of
        .case()
        .when('d.user_handle_known', '=', true)
        .then(of.fn.coalesce('d.user_handle', 'u.user_handle'))
        .end()
        .as('user_handle'),
    )
    .select(['d.counter as sign_count', 'd.aaguid', 'd.transports', 'd.attachment'])
    .select(['d.backup_eligible', 'd.backed_up', 'd.attestation_format', 'd.attestation_trust'])
    .select(['d.automatic', 'd.friendly_name', 'd.name_code', 'd.usage_count', ...dates('d')])
    .select(['d.created_from', 'd.last_used_from']),
);
const LEGACY_DEVICES = query('export.legacy-devices', (db, $: After) =>
  db
    .selectFrom('legacy_devices as l')
    .innerJoin('flex_users as u', (on) =>
      on.onRef('u.app_id', '=', 'l.app_id').onRef('u.id', '=', 'l.user_id'),
    )
    .where('l.app_id', '=', $.appId)
    .where('l.id', '>', $.after)
    .orderBy('l.id')
    .limit(sql.lit(PAGE))
    .select(['l.id as key', 'u.external_id', 'l.id', 'l.credential_id', 'l.friendly_name', 'l.kind'])
    .select(['l.usage_count', ...dates('l')]),
);
const TOMBSTONES = query('export.tombstones', (db, $: After) =>
  db
    .selectFrom('tombstones as t')
    .where('t.app_id', '=', $.appId)
    .where('t.credential_hash', '>', sql<Buffer>`decode(${$.after}, 'hex')`)
    .orderBy('t.credential_hash')
    .limit(sql.lit(PAGE))
    .select(sql<string>`encode(t.credential_hash, 'hex')`.as('key'))
    .select(['t.credential_hash', moment('t.revoked_at').as('revoked_at')]),
);

// Each page is read from the index on, row by row, until it is full. Where statistics are from a time when there were few rows,
// PostgreSQL would sort all that remain, for every page.
const READ_IN_ORDER = query('export.read-in-order', (db, _: object) =>
  db.selectNoFrom(sql`set_config('enable_sort', 'off', true)`.as('setting')),
);

const PAGES: readonly (readonly [type: string, Query<After, { key: string }>])[] = [
  ['user', USERS],
  ['passkey', PASSKEYS],
  ['legacy_device', LEGACY_DEVICES],
  ['tombstone', TOMBSTONES],
];

/** Reads what an export writes. */
@Injectable()
export class ExportRepository {
  /** Whether there is an app with this id. */
  async hasApp(appId: string, tx: Queryable): Promise<boolean> {
    return (await tx.run(FIND_APP, { appId })).length > 0;
  }

  /**
   * Users, with their identities in `ownAppId` alone, then passkeys, devices without a key, and tombstones, each by its key
   * and at most 1,000 rows at once.
   */
  async *pages(appId: string, ownAppId: string, tx: Queryable): AsyncGenerator<ExportPage> {
    // The transaction waits for the reader of the pages between its statements.
    await tx.run(ALLOW_IDLENESS, {});
    await tx.run(READ_IN_ORDER, {});
    for (const [type, page] of PAGES) {
      let rows: { key: string }[];
      let after = '';
      do {
        rows = await tx.run(page, { appId, after, ownAppId });
        after = rows.at(-1)?.key ?? after;
        yield { type, rows: rows.map(({ key: _, ...row }) => row) };
      } while (rows.length === PAGE);
    }
  }
}
