import { randomBytes, randomUUID } from 'node:crypto';
import { Database } from '../../src/database/database.js';
import type { SourceRow } from '../../src/transfer/formats/transfer-row.js';
import { TEST } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { count, insertApp, sql, TABLES } from '../support/tables.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { aForeignPasskey, exportLines, importRows, importSource } from '../support/transfer.js';

type On = { readonly database: Database };
const PUBLIC_KEY = aForeignPasskey('ada').row.public_key;
const USERS = 8_000;
let server: TestDatabase;

/** Does `work` on connections of its own, whose statistics the server has counted when they are closed. */
async function connected<T>(work: (on: On) => Promise<T>): Promise<T> {
  const database = await Database.open({ kind: 'postgresql', url: server.url, poolMax: 2 }, 'commands');
  return work({ database }).finally(() => database.close());
}

/** Rows and entries of indexes that were read since the database was made, by connections that are closed. */
const readSoFar = (): Promise<number> =>
  connected(async (on) => {
    const others = `pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
      and backend_type = 'client backend'`;
    await eventually(async () => expect(await count(on, others)).toBe(0));
    const [row] = await sql<{ total: number }>(
      on,
      `select ((select sum(seq_tup_read) from pg_stat_user_tables)
        + (select sum(idx_tup_read) from pg_stat_user_indexes))::float8 as total`,
    );
    return row!.total;
  });

async function readBy(work: (on: On) => Promise<unknown>): Promise<number> {
  const before = await readSoFar();
  await connected(work);
  return (await readSoFar()) - before;
}

/**
 * Half of the users each before their passkey, the others all before their passkeys; then the identities of all, and for each
 * a device without a key and a tombstone.
 */
function rowsOf(total: number): object[] {
  const names = Array.from({ length: total }, (_, index) => `user-${index}`);
  const users = names.map((external_id) => ({ type: 'user', external_id }));
  const passkeys = names.map((external_id) => ({
    external_id,
    credential_id: randomBytes(16).toString('base64url'),
    public_key: PUBLIC_KEY,
    user_handle: randomBytes(16).toString('base64url'),
  }));
  const half = total / 2;
  return [
    ...users.slice(0, half).flatMap((user, index) => [user, passkeys[index]!]),
    ...users.slice(half),
    ...passkeys.slice(half),
    ...users.map((user) => ({ ...user, subject: `subject of ${user.external_id}` })),
    ...names.map((external_id) => ({ type: 'legacy_device', external_id, id: randomUUID() })),
    ...names.map(() => ({ type: 'tombstone', credential_hash: randomBytes(32).toString('base64url') })),
  ];
}

beforeAll(async () => {
  server = await createTestDatabase();
  await connected(async (on) => {
    await on.database.migrate();
    await insertApp(on, { id: TEST.appId, rpId: TEST.rpId, origin: TEST.origin });
    // Its statistics say that it is empty, and nothing corrects them.
    for (const table of TABLES) await sql(on, `alter table ${table} set (autovacuum_enabled = false)`);
    await sql(on, 'analyze');
    await sql(on, `insert into tie_mark_keys values ($1, $2)`, TEST.appId, randomBytes(32));
    await sql(
      on,
      `insert into tie_marks select $1, sha256(n::text::bytea), sha256(n::text::bytea) from generate_series(1, 50000) n`,
      TEST.appId,
    );
  });
}, 60_000);
afterAll(() => server?.drop());

describe('on a database whose statistics are from when it was empty', () => {
  it('an import reads few rows for each of its own, however many it has brought', async () => {
    const rows = rowsOf(USERS);
    let created = 0;
    const read = await readBy(async (on) => ({ created } = await importRows(on, rows)));
    expect(created).toBe(rows.length);
    // PostgreSQL counts 9 to 12 for each, by how the batches fall; with plans from when it was empty, it is thousands.
    expect(read).toBeLessThan(20 * rows.length);
  }, 60_000);

  it('an export reads few rows for each of its lines, however many follow', async () => {
    let lines = 0;
    const read = await readBy(async (on) => {
      for await (const line of exportLines(on)) lines += line.endsWith('\n') ? 1 : 0;
    });
    expect(lines).toBe(4 * USERS);
    expect(read).toBeLessThan(4 * lines);
  });
});

describe('an import', () => {
  /** The rows of a user each, and then what `then` does. */
  async function* users(total: number, then: () => Promise<void>): AsyncGenerator<SourceRow> {
    const row = { kind: 'user', identity: null, id: null, userHandle: null, status: 'active' } as const;
    const past = { loginCount: 0, lastLoginAt: null, createdAt: null, updatedAt: null };
    for (let line = 1; line <= total; line += 1) {
      yield { line, row: { ...row, ...past, externalId: randomUUID() } };
    }
    await then();
  }

  it('reads the next batch while one is written', async () => {
    const seen: string[] = [];
    const rows = users(500, () => Promise.resolve(void seen.push('read on')));
    const onProgress = () => void seen.push('written');
    await connected((on) => importSource(on, rows, { onProgress }));
    expect(seen).toEqual(['read on', 'written']);
  });

  it('that fails does not wait for what it reads', async () => {
    const rows = users(500, () => new Promise(() => undefined));
    const onProgress = () => {
      throw new Error('the report is full');
    };
    const failure = connected((on) => importSource(on, rows, { onProgress }));
    await expect(failure).rejects.toThrow('the report is full');
  });
});
