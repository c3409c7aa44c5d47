import { type AddressInfo, connect, createServer } from 'node:net';
import { Client } from 'pg';
import { Database } from '../../src/database/database.js';
import { anApiKey } from '../support/app-server.js';
import { buildApp, buildAppOn, TEST, type TestApp } from '../support/build-app.js';
import { registerPasskey } from '../support/flows.js';
import { count, insertApp, sql, TABLES } from '../support/tables.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { TestUser } from '../support/test-user.js';
import { aForeignPasskey, exportRows, importRows } from '../support/transfer.js';
import { userHandleForms } from '../../src/webauthn/user-handle.js';

const settingsFor = (url: string) => ({ kind: 'postgresql', url, poolMax: 4 }) as const;

/** Runs statements as the server's superuser. */
async function asSuperuser(url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const each of statements) await client.query(each);
  } finally {
    await client.end();
  }
}

/** Migrates, starts the service, registers a passkey, signs in with it and lists it. */
async function useKeyway(url: string): Promise<void> {
  const database = await Database.open(settingsFor(url), 'commands');
  await database.migrate();
  expect(await database.migrate()).toEqual([]);
  await database.close();
  const app = await buildAppOn(settingsFor(url));
  try {
    const user = new TestUser(app);
    const { browser, authenticator, device } = await registerPasskey(user);
    const begun = await browser.beginSignIn();
    const answer = await browser.finish('authenticate', begun.answer(authenticator));
    expect(answer.status).toBe(200);
    const before = Date.now() - 60_000;
    const [listed, ...others] = await user.passkeys();
    expect(others).toEqual([]);
    expect(listed).toMatchObject({ id: device.id, usageCount: 1 });
    expect(Date.parse(listed!.createdAt)).toBeGreaterThan(before);
    expect(Date.parse(listed!.lastLoginAt!)).toBeGreaterThanOrEqual(Date.parse(listed!.createdAt));
  } finally {
    await app.close();
  }
}

describe('the schema', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  it('equals the entities, so that MikroORM finds no difference', async () => {
    const { schema } = app.database.orm;
    expect(await schema.getUpdateSchemaSQL()).toBe('');
    const unlike = [
      'alter table nonces drop constraint nonces_app_id_device_id_foreign',
      'alter table devices drop constraint devices_counter_check',
      'alter table flex_users alter column external_id type text collate "default"',
      'alter table apps alter column max_passkeys_per_user drop default',
      'drop index audit_events_refused_index',
      'drop index devices_credential_hash_index',
    ];
    for (const change of unlike) {
      await sql(app, change);
      const mend = await schema.getUpdateSchemaSQL();
      expect(`${change}: ${mend}`).toMatch(/alter table|create index/);
      for (const each of mend.split(';\n').filter((it) => it.trim() !== '')) await sql(app, each);
      expect(await schema.getUpdateSchemaSQL()).toBe('');
    }
  });

  it('has an index for every foreign key, beginning with the columns of the key', async () => {
    const foreignKeys = await count(
      app,
      `pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`,
    );
    expect(foreignKeys).toBeGreaterThan(5);
    const unindexed = () =>
      sql<{ key: string }>(
        app,
        `select c.conrelid::regclass || ' ' || pg_get_constraintdef(c.oid) as key from pg_constraint c
         where c.contype = 'f' and c.connamespace = 'public'::regnamespace and not exists (
           select 1 from pg_index i where i.indrelid = c.conrelid and i.indpred is null
             and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)`,
      );
    expect(await unindexed()).toEqual([]);
    await sql(app, 'create table careless (app_id text references apps (id))');
    expect(await unindexed()).toHaveLength(1);
    await sql(app, 'drop table careless');
  });

  it('begins every unique key and foreign key of the tables of an app with app_id', async () => {
    const keys = () =>
      sql<{ key: string }>(
        app,
        `select i.indexrelid::regclass::text as key from pg_index i join pg_class t on t.oid = i.indrelid
         where i.indisunique and t.relnamespace = 'public'::regnamespace
           and t.relname not in ('users', 'apps', 'mikro_orm_migrations')
           and (select attname from pg_attribute where attrelid = t.oid and attnum = i.indkey[0]) <> 'app_id'
         union all
         select c.conname from pg_constraint c
         where c.contype = 'f' and c.connamespace = 'public'::regnamespace
           and (select attname from pg_attribute where attrelid = c.conrelid and attnum = c.conkey[1]) <> 'app_id'`,
      );
    expect(await keys()).toEqual([]);
    await sql(app, 'create unique index careless on nonces (hash)');
    expect(await keys()).toEqual([{ key: 'careless' }]);
    await sql(app, 'drop index careless');
  });

  it('has time zones in all timestamp columns', async () => {
    const withoutZone = `information_schema.columns
      where table_schema = 'public' and data_type = 'timestamp without time zone' and table_name = any($1)`;
    expect(await count(app, withoutZone, [...TABLES])).toBe(0);
  });

  it.each([
    ['transactions', 'hash'],
    ['nonces', 'hash'],
    ['spent_handshakes', 'hash'],
    ['api_keys', 'secret_hash'],
    ['tombstones', 'credential_hash'],
  ])('refuses a row of %s if its %s is not 32 bytes long', async (table, column) => {
    const user = new TestUser(app);
    await registerPasskey(user);
    await user.revoke((await registerPasskey(user)).device.id);
    await anApiKey(app, TEST.appId);
    for (const wrong of [`substr(${column}, 2)`, `${column} || '\\x00'`]) {
      await expect(sql(app, `update ${table} set ${column} = ${wrong}`)).rejects.toThrow(
        `violates check constraint "${table}_${column}_check"`,
      );
    }
  });
});

describe('Keyway', () => {
  let testDatabase: TestDatabase;
  let name: string;
  beforeEach(async () => {
    testDatabase = await createTestDatabase();
    name = new URL(testDatabase.url).pathname.slice(1);
  });
  afterEach(() => testDatabase?.drop());

  it('works in its own schema, named by the search_path of the database', async () => {
    const { url } = testDatabase;
    await asSuperuser(url, 'create schema keyway', `alter database ${name} set search_path = keyway`);
    await useKeyway(url);
  });

  it('works in its own schema, named by the search_path in the options of the URL', async () => {
    const url = new URL(testDatabase.url);
    await asSuperuser(url.href, 'create schema keyway');
    url.searchParams.set('options', '-c search_path=keyway');
    await useKeyway(url.href);
    const inPublic = new Client({ connectionString: testDatabase.url });
    await inPublic.connect();
    const { rows } = await inPublic.query(`select tablename from pg_tables where schemaname = 'public'`);
    await inPublic.end();
    expect(rows).toEqual([]);
  });

  it('imports and exports in its own schema, even if the connection has another search_path', async () => {
    const { url } = testDatabase;
    await asSuperuser(url, 'create schema keyway', `alter database ${name} set search_path = keyway`);
    const migrated = await Database.open(settingsFor(url), 'commands');
    await migrated.migrate();
    await insertApp({ database: migrated }, { id: TEST.appId, rpId: TEST.rpId, origin: TEST.origin });
    await migrated.close();
    const database = await Database.open({ ...settingsFor(url), poolMax: 1 }, 'commands');
    await asSuperuser(url, 'create schema elsewhere', `alter database ${name} set search_path = elsewhere`);
    try {
      await sql({ database }, 'set search_path = elsewhere');
      const user = { type: 'user', external_id: 'ada' };
      expect(await importRows({ database }, [user])).toMatchObject({ created: 1 });
      const passkey = aForeignPasskey('ada').row;
      const legacy = { type: 'legacy_device', external_id: 'ada', id: 'a-device' };
      const tombstone = { type: 'tombstone', credential_hash: Buffer.alloc(32).toString('base64') };
      const rows = [{ ...user, id: 'a-user' }, passkey, legacy, tombstone];
      const outcome = await importRows({ database }, rows, { isDryRun: true });
      expect(outcome).toMatchObject({ created: 3, unchanged: 1, refusals: [] });
      expect(await importRows({ database }, rows)).toEqual(outcome);
      const exported = await exportRows({ database });
      expect(exported.map(({ type }) => type)).toEqual(['user', 'passkey', 'legacy_device', 'tombstone']);
      expect(await importRows({ database }, exported)).toMatchObject({ unchanged: 4, refused: 0 });
      expect(await sql({ database }, 'show search_path')).toEqual([{ search_path: 'elsewhere' }]);
    } finally {
      await database.close();
    }
  });

  it.each([
    ['DateStyle', `'SQL, DMY'`],
    ['DateStyle', `'German'`],
    ['TimeZone', `'Asia/Kathmandu'`],
    ['bytea_output', `'escape'`],
    ['intervalstyle', `'sql_standard'`],
    ['extra_float_digits', '-15'],
    ['standard_conforming_strings', 'off'],
    ['default_transaction_isolation', `'serializable'`],
  ])('works where the database sets %s to %s', async (setting, value) => {
    await asSuperuser(testDatabase.url, `alter database ${name} set ${setting} = ${value}`);
    await useKeyway(testDatabase.url);
  });

  it('sends no start-up parameter that PgBouncer refuses', async () => {
    const startUps: string[][] = [];
    const { hostname, port } = new URL(testDatabase.url);
    const server = createServer((near) => {
      near.once('data', (packet) => {
        // Length and protocol version, then names and values, each ended by a zero.
        const words = packet.toString('utf8', 8).split('\0').slice(0, -2);
        startUps.push(words.filter((_word, index) => index % 2 === 0));
        const far = connect(Number(port), hostname, () => far.write(packet));
        near.pipe(far).pipe(near);
        for (const socket of [near, far]) socket.on('error', () => undefined);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(testDatabase.url);
    url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    url.searchParams.set('statement_timeout', '9000');
    const database = await Database.open(settingsFor(url.href), 'commands');
    try {
      await database.migrate();
      const [set] = await sql<{ timeout: string }>(
        { database },
        `select current_setting('statement_timeout') as timeout`,
      );
      expect(set).toEqual({ timeout: '9s' });
    } finally {
      await database.close();
      server.close();
    }
    expect(startUps.length).toBeGreaterThan(1);
    const accepted = new Set(['user', 'database', 'client_encoding', 'application_name']);
    expect(startUps.flat().filter((name) => !accepted.has(name))).toEqual([]);
  });

  it('refuses to start on a database that is not in UTF-8, and says what to do', async () => {
    const latin = `${name}_latin1`;
    await asSuperuser(
      process.env.TEST_DATABASE_URL!,
      `create database ${latin} encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'`,
    );
    try {
      const url = new URL(testDatabase.url);
      url.pathname = `/${latin}`;
      await expect(Database.open(settingsFor(url.href), 'commands')).rejects.toThrow(
        /keeps text in LATIN1.*encoding 'UTF8'.*DATABASE_URL/,
      );
    } finally {
      await asSuperuser(process.env.TEST_DATABASE_URL!, `drop database ${latin}`);
    }
  });

  it('refuses to start where no schema of the search_path exists, and says what to do', async () => {
    await asSuperuser(testDatabase.url, `alter database ${name} set search_path = missing`);
    await expect(Database.open(settingsFor(testDatabase.url), 'commands')).rejects.toThrow(
      /create schema keyway authorization postgres/,
    );
  });

  it('says what to grant if its user may not create tables in the schema public', async () => {
    const role = `${name}_user`;
    const url = new URL(testDatabase.url);
    Object.assign(url, { username: role, password: 'secret' });
    await asSuperuser(
      testDatabase.url,
      `create role ${role} login password 'secret'`,
      'revoke create on schema public from public',
    );
    const database = await Database.open(settingsFor(url.href), 'commands');
    try {
      await expect(database.migrate()).rejects.toThrow(
        new RegExp(`grant create on schema public to ${role}.*search_path`),
      );
    } finally {
      await database.close();
      await asSuperuser(testDatabase.url, `drop role ${role}`);
    }
  });

  it('claims every form of the user handles that were made before all of them stood in one table', async () => {
    const database = await Database.open(settingsFor(testDatabase.url), 'commands');
    const before = 'Migration20261126000000_app_keys';
    const handles = {
      ada: Buffer.alloc(32, 0xfb),
      bob: Buffer.from(Buffer.alloc(32, 0xfc).toString('base64url')),
      // No text of 16 bytes or more: too short, of a length or with bits that no encoder writes, too long for one line.
      cyd: Buffer.from('QUJDREVGRw'),
      dan: Buffer.from('A'.repeat(25)),
      eve: Buffer.from('A'.repeat(22).replace(/A$/, 'B')),
      fay: Buffer.alloc(64, 0xff),
    };
    const unsettled = Buffer.alloc(32, 7);
    try {
      await database.orm.migrator.up({ to: before });
      const on = { database };
      await insertApp(on, { id: TEST.appId, rpId: TEST.rpId, origin: TEST.origin });
      const user = `
        insert into flex_users (app_id, id, external_id, user_handle, user_handle_settled)
        values ($1, $2, $2, $3, $4)`;
      for (const [id, handle] of Object.entries(handles)) await sql(on, user, TEST.appId, id, handle, true);
      await sql(on, user, TEST.appId, 'gus', unsettled, false);
      // Claimed when it was learnt, in the two forms of then.
      for (const form of userHandleForms(handles.bob).slice(0, 2)) {
        await sql(on, 'insert into user_handles values ($1, $2, $3)', TEST.appId, form, 'bob');
      }
      await database.migrate();
      const rows = await sql<{ form: Buffer; userId: string }>(
        on,
        'select form, user_id as "userId" from user_handles',
      );
      const claimed = rows.map(({ form, userId }) => `${userId} ${form.toString('hex')}`);
      const wanted = Object.entries(handles).flatMap(([id, handle]) =>
        userHandleForms(handle).map((form) => `${id} ${form.toString('hex')}`),
      );
      expect(claimed.sort()).toEqual(wanted.sort());
      expect(wanted).toHaveLength(13);
      expect(await count(on, 'flex_users')).toBe(7);
      await database.orm.migrator.down({ to: before });
      expect(await count(on, 'flex_users')).toBe(7);
    } finally {
      await database.close();
    }
  });

  it('keeps the existing rows when a migration adds app_id to the keys', async () => {
    const database = await Database.open(settingsFor(testDatabase.url), 'commands');
    const last = 'Migration20261122050000_nobodys_refusals';
    try {
      await database.orm.migrator.up({ to: last });
      await sql(
        { database },
        `insert into apps (id, name, rp_id, origins) values ('a', 'A', 'a.test', '{}')`,
      );
      await sql(
        { database },
        `insert into apps (id, name, rp_id, origins) values ('b', 'B', 'b.test', '{}')`,
      );
      await sql(
        { database },
        `insert into spent_handshakes (hash, expires_at) values (sha256('x'), now() + interval '5 minutes')`,
      );
      await sql({ database }, `insert into audit_events (id, type, app_id) values ('1', 'renamed', 'a')`);
      await sql(
        { database },
        `insert into api_keys (id, app_id, secret_hash, source) values ('k', 'a', sha256('s'), 'operator')`,
      );
      await database.migrate();
      // Which app a spent handshake was for is not known: it stays spent for both.
      expect(
        await sql(
          { database },
          `select app_id from spent_handshakes where hash = sha256('x') order by app_id`,
        ),
      ).toEqual([{ app_id: 'a' }, { app_id: 'b' }]);
      expect(await sql({ database }, 'select app_id, id, type from audit_events')).toEqual([
        { app_id: 'a', id: '1', type: 'passkey.renamed' },
      ]);
      expect(await sql({ database }, 'select app_id, id from api_keys')).toEqual([{ app_id: 'a', id: 'k' }]);
      await database.orm.migrator.down({ to: last });
      expect(await count({ database }, 'spent_handshakes')).toBe(1);
    } finally {
      await database.close();
    }
  });
});
