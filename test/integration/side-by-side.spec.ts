import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { Database } from '../../src/database/database.js';
import { type NamedMigration, type PlannedMigration } from '../../src/database/migrate.js';
import { migrations } from '../../src/database/migrations.js';
import { userHandleForms } from '../../src/webauthn/user-handle.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

/** What the last release asks of its schema. */
const released = JSON.parse(readFileSync('test/integration/released.json', 'utf8')) as {
  version: string;
  migrations: string[];
  statements: Record<string, string>;
};

/** Where its rows come and go in no great number, a migration may lock a table for as long as it takes to read it. */
const SMALL_TABLES = [
  'apps',
  'api_keys',
  'transactions',
  'nonces',
  'spent_handshakes',
  'erasures',
  'tie_mark_keys',
];

interface Schema {
  readonly columns: Map<string, { type: string; nullable: string; fallback: string | null }>;
  readonly uniques: Set<string>;
}

describe(`the schema of this version, under replicas of ${released.version}`, () => {
  let testDatabase: TestDatabase;
  let database: Database;
  let client: Client;
  let planned: PlannedMigration[];
  let before: Schema;
  let after: Schema;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    const settings = { kind: 'postgresql', url: testDatabase.url, poolMax: 2 } as const;
    database = await Database.open(settings, 'commands');
    client = new Client({ connectionString: testDatabase.url });
    await client.connect();
    const old = migrations.filter(({ name }) => released.migrations.includes(name)) as NamedMigration[];
    expect(await database.migrate({ migrations: old })).toEqual(released.migrations);
    before = await schemaOf();
    planned = await database.plannedMigrations();
    await database.migrate();
    after = await schemaOf();
  });
  afterAll(async () => {
    await client?.end();
    await database?.close();
    await testDatabase?.drop();
  });

  async function schemaOf(): Promise<Schema> {
    const columns = await client.query<{
      name: string;
      type: string;
      nullable: string;
      fallback: string | null;
    }>(`
      select table_name || '.' || column_name as name, data_type || ' ' || udt_name as type, is_nullable as nullable,
        column_default as fallback
      from information_schema.columns where table_schema = 'public'`);
    const uniques = await client.query<{ key: string }>(`
      select t.relname || ' ' || pg_get_constraintdef(c.oid) as key from pg_constraint c join pg_class t on t.oid = c.conrelid
      where c.contype in ('p', 'u') and c.connamespace = 'public'::regnamespace`);
    return {
      columns: new Map(columns.rows.map(({ name, ...rest }) => [name, rest])),
      uniques: new Set(uniques.rows.map(({ key }) => key)),
    };
  }

  it('has every column that they know, as they know it', () => {
    expect(before.columns.size).toBeGreaterThan(80);
    for (const [name, column] of before.columns)
      expect([name, after.columns.get(name)]).toEqual([name, column]);
  });

  it('asks for no column that they do not write: each new one of their tables may be null or has a default', () => {
    const tables = new Set([...before.columns.keys()].map((name) => name.split('.')[0]));
    const added = [...after.columns].filter(
      ([name]) => !before.columns.has(name) && tables.has(name.split('.')[0]),
    );
    expect(added.length).toBeGreaterThan(5);
    const missing = added.filter(([, { nullable, fallback }]) => nullable === 'NO' && fallback === null);
    expect(missing).toEqual([]);
  });

  it('keeps their unique keys, but for those that something else takes the place of', () => {
    const gone = [...before.uniques].filter((key) => !after.uniques.has(key));
    // Its forms in user_handles are unique, which a trigger claims for them.
    expect(gone).toEqual(['flex_users UNIQUE (app_id, user_handle)']);
  });

  it('runs each of their statements', async () => {
    expect(Object.keys(released.statements).length).toBeGreaterThan(80);
    for (const [name, text] of Object.entries(released.statements)) {
      const planning = async () => {
        await client.query(`prepare old as ${text}`);
        const { rows } = await client.query<{ n: number }>(
          `select cardinality(parameter_types) as n from pg_prepared_statements where name = 'old'`,
        );
        const nulls = Array.from({ length: rows[0]!.n }, () => 'null').join(', ');
        await client.query(`explain execute old${nulls && `(${nulls})`}`);
        await client.query('deallocate old');
      };
      await expect(planning().then(() => name)).resolves.toBe(name);
    }
  });

  it('has the forms of each handle that they make, settle or learn', async () => {
    const owners = async (handle: Buffer) => {
      const { rows } = await client.query<{ user_id: string }>(
        'select user_id from user_handles where form = any($1)',
        [userHandleForms(handle)],
      );
      return rows.map((row) => row.user_id);
    };
    await client.query(
      `insert into apps (id, name, rp_id, origins) values ('shop', 'Shop', 'shop.test', '{}')`,
    );
    const insert = `insert into flex_users (app_id, id, external_id, user_handle, user_handle_settled)
      values ('shop', $1, $1, $2, $3)`;
    const ofText = Buffer.from(Buffer.alloc(32, 1).toString('base64url'));
    await client.query(insert, ['ada', ofText, true]);
    expect(await owners(ofText)).toEqual(['ada', 'ada', 'ada']);
    const later = Buffer.alloc(32, 2);
    await client.query(insert, ['bob', later, false]);
    expect(await owners(later)).toEqual([]);
    await client.query(`update flex_users set user_handle_settled = true where id = 'bob'`);
    expect(await owners(later)).toEqual(['bob', 'bob']);
    const learnt = Buffer.alloc(32, 3);
    await client.query(`insert into devices (app_id, id, user_id, credential_id, public_key, algorithm, counter, aaguid,
      transports, attestation_format, friendly_name) values ('shop', 'd', 'bob', 'c', 'k', -7, 0, '', '{}', 'none', '')`);
    await client.query('update devices set user_handle = $1', [learnt]);
    expect(await owners(learnt)).toEqual(['bob', 'bob']);
    // As an import that is undone in its own transaction, and one of a handle that somebody has.
    await client.query('begin');
    await client.query(insert, ['cyd', Buffer.alloc(32, 4), true]);
    await client.query(`delete from flex_users where id = 'cyd'`);
    await client.query('commit');
    await client.query(insert, ['dan', ofText, true]);
    expect(await owners(ofText)).toEqual(['ada', 'ada', 'ada']);
  });

  it('renames the events that they write', async () => {
    await client.query(`insert into audit_events (app_id, id, type) values
      ('shop', '1', 'registered'), ('shop', '2', 'authenticated'), ('shop', '3', 'erased'), ('shop', '4', 'user.linked')`);
    const { rows } = await client.query<{ type: string }>('select type from audit_events order by id');
    expect(rows.map(({ type }) => type)).toEqual([
      'passkey.registered',
      'passkey.used',
      'user.deleted',
      'user.linked',
    ]);
  });

  it('is reached without a lock for as long as a large table takes to be read', () => {
    const made: string[] = [];
    const blocking: string[] = [];
    for (const { name, kind, statements } of planned) {
      if (kind !== 'transactional') continue;
      for (const statement of statements) {
        const table = /^\s*create table (\w+)/.exec(statement)?.[1];
        if (table) made.push(table);
        const named =
          /\b(?:alter table|create (?:unique )?index .*?\son|update|delete from|insert into) (\w+)/s.exec(
            statement,
          )?.[1];
        if (named && [...made, ...SMALL_TABLES].includes(named)) continue;
        if (readsAll(statement)) blocking.push(`${name}: ${statement}`);
      }
    }
    expect(blocking).toEqual([]);
    expect(readsAll('create index i on devices (id)')).toBe(true);
    expect(readsAll('alter table devices add column a text check (a > 1)')).toBe(true);
    expect(readsAll('alter table devices add constraint c check (id > 1) not valid')).toBe(false);
  });
});

/** Whether a statement of a transaction reads or writes a table as a whole, by its words. */
function readsAll(statement: string): boolean {
  const isFunction = /^\s*create (function|constraint trigger|table)\b/.test(statement);
  const checks =
    /\b(check|foreign key|references|unique|primary key)\s*\(/.test(statement) &&
    !/not valid\s*$/.test(statement);
  return (
    !isFunction &&
    (/^\s*(create (unique )?index|drop index|update|delete|insert)\b/.test(statement) ||
      /\bset not null\b/.test(statement) ||
      checks)
  );
}
