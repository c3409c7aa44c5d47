import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { sql as rawSql } from 'kysely';
import { Client } from 'pg';
import { embeddedPassageOf } from '../../src/config/configuration.js';
import { Database } from '../../src/database/database.js';
import { query } from '../../src/database/query.js';
import { ApiKeyRepository } from '../../src/flex/api-keys/api-key.repository.js';
import { ApiKeysService } from '../../src/flex/api-keys/api-keys.service.js';
import { AppProvisioning } from '../../src/flex/apps/app-provisioning.js';
import { AppRepository } from '../../src/flex/apps/app.repository.js';
import { aConfiguration, buildApp, buildAppOn, TEST, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { type RegisteredPasskey, registerPasskey } from '../support/flows.js';
import { type HttpAnswer, newAddress, send } from '../support/http-answer.js';
import { contents, count, insertApp, sql, TABLES } from '../support/tables.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { createTestDatabase } from '../support/test-database.js';
import { TestUser } from '../support/test-user.js';

const POOL = 4;
const settingsFor = (url: string, poolMax = POOL) => ({ kind: 'postgresql', url, poolMax }) as const;
const LOCK_ALL_USERS = query('test.lock-users', (db) => db.selectFrom('flex_users').select('id').forUpdate());
const LOCK_ALL_DEVICES = query('test.lock-devices', (db) =>
  db.selectFrom('devices').select('id').forUpdate(),
);
/** Connections to the database that wait for a lock. */
const WAITING = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
/** A migration that needs a lock on `api_keys`, and the one before it. */
const ALTERS_KEYS = 'Migration20261127030000_superseded_keys';
const BEFORE_ALTERING_KEYS = 'Migration20261127020000_trail';
const PUBLIC_TABLES = `pg_tables where schemaname = 'public'`;

describe('migrations', () => {
  it('are applied once when five replicas run them at the same time, and change nothing the second time', async () => {
    const { url, drop } = await createTestDatabase();
    const replicas = await Promise.all(
      Array.from({ length: 5 }, () => Database.open(settingsFor(url, 2), 'commands')),
    );
    try {
      const [one] = replicas;
      expect((await one!.pendingMigrations()).length).toBeGreaterThan(0);
      const applied = await Promise.all(replicas.map((replica) => replica.migrate()));
      const names = applied.flat();
      expect(names.length).toBeGreaterThan(0);
      expect(new Set(names).size).toBe(names.length);
      expect(applied.filter((each) => each.length > 0)).toHaveLength(1);
      expect(await one!.pendingMigrations()).toEqual([]);
      expect(await one!.migrate()).toEqual([]);
      expect(await count({ database: one! }, PUBLIC_TABLES)).toBe(TABLES.length + 1);
    } finally {
      for (const replica of replicas) await replica.close();
      await drop();
    }
  });

  it('may wait for another replica longer than a statement of a request may run', async () => {
    const { url, drop } = await createTestDatabase();
    const other = new Client({ connectionString: url });
    await other.connect();
    const database = await Database.open(settingsFor(url, 2), 'commands');
    try {
      await other.query('begin');
      await other.query('select pg_advisory_xact_lock(5393217044)');
      const applied = database.migrate().catch((error: Error) => error);
      // Past the server's limit for a statement (10 s) and that for its answer (15 s).
      await pause(16_000);
      await other.query('commit');
      expect(await applied).not.toBeInstanceOf(Error);
      expect(await database.pendingMigrations()).toEqual([]);
    } finally {
      await other.end();
      await database.close();
      await drop();
    }
  }, 60_000);

  it('may themselves take longer than a statement of a request may run', async () => {
    const { url, drop } = await createTestDatabase();
    const limit = 200; // ms
    const impatient = `${url}?statement_timeout=${limit}&query_timeout=${limit}`;
    const database = await Database.open(settingsFor(impatient, 2), 'commands');
    const [other, observer] = [new Client({ connectionString: url }), new Client({ connectionString: url })];
    for (const client of [other, observer]) await client.connect();
    const waitsOther = async () => (await observer.query(`select from ${WAITING}`)).rowCount;
    try {
      await database.migrate();
      await database.orm.migrator.down({ to: BEFORE_ALTERING_KEYS });
      await expect(sql({ database }, 'select pg_sleep(1)')).rejects.toThrow(/timeout/);
      // The migration waits for its table as long as it would rewrite a large one.
      const { rows } = await other.query<{ tables: string }>(
        `select string_agg(quote_ident(tablename), ', ') as tables from pg_tables
         where schemaname = current_schema() and tablename not like 'mikro_orm%'`,
      );
      await other.query(`begin; lock table ${rows[0]!.tables}`);
      const applied = database.migrate().catch((error: Error) => error);
      await eventually(async () => expect(await waitsOther()).toBe(1));
      await pause(5 * limit);
      expect(await waitsOther()).toBe(1);
      await other.query('commit');
      expect(await applied).toContain(ALTERS_KEYS);
    } finally {
      for (const client of [other, observer]) await client.end();
      await database.close();
      await drop();
    }
  });

  it('let requests through while they wait for a lock, and are applied once they have it', async () => {
    const { url, drop } = await createTestDatabase();
    const database = await Database.open(settingsFor(url, 2), 'commands');
    const [reader, requests] = [new Client({ connectionString: url }), new Client({ connectionString: url })];
    try {
      await database.migrate();
      await database.orm.migrator.down({ to: BEFORE_ALTERING_KEYS });
      for (const client of [reader, requests]) await client.connect();
      await reader.query('begin; select from api_keys');
      const applied = database.migrate().catch((error: Error) => error);
      await eventually(async () => expect((await requests.query(`select from ${WAITING}`)).rowCount).toBe(1));
      // Far less than the reader goes on.
      await requests.query('set statement_timeout = 4000');
      for (let time = 0; time < 3; time++) {
        await requests.query('select from api_keys');
        await pause(1_500);
      }
      await reader.query('commit');
      expect(await applied).toContain(ALTERS_KEYS);
      expect(await database.pendingMigrations()).toEqual([]);
    } finally {
      for (const client of [reader, requests]) await client.end();
      await database.close();
      await drop();
    }
  }, 60_000);

  it('that were applied stay if a later one fails', async () => {
    const { url, drop } = await createTestDatabase();
    const database = await Database.open(settingsFor(url, 2), 'commands');
    try {
      await sql({ database }, 'create table tie_marks (id integer)');
      await expect(database.migrate()).rejects.toThrow(/tie_marks/);
      expect(await count({ database }, `${PUBLIC_TABLES} and tablename = 'devices'`)).toBe(1);
      const left = await database.pendingMigrations();
      expect(left[0]).toMatch(/_ties$/);
      await sql({ database }, 'drop table tie_marks');
      expect(await database.migrate()).toEqual(left);
    } finally {
      await database.close();
      await drop();
    }
  });

  it('of a newer version are told by a warning at the start, which goes on', async () => {
    const { url, drop } = await createTestDatabase();
    const database = await Database.open(settingsFor(url), 'commands');
    try {
      await database.migrate();
      const tellsNewer = async () => {
        const app = await buildAppOn(settingsFor(url));
        await app.close();
        return app.logLines.filter((line) => line.includes('schema is newer')).join();
      };
      expect(await tellsNewer()).toBe('');
      await sql(
        { database },
        `insert into mikro_orm_migrations (name) values ('Migration99990101000000_later')`,
      );
      expect(await tellsNewer()).toContain('Migration99990101000000_later');
    } finally {
      await database.close();
      await drop();
    }
  });

  it('can be reverted and applied again', async () => {
    const { url, drop } = await createTestDatabase();
    const database = await Database.open(settingsFor(url), 'commands');
    try {
      await database.migrate();
      await database.orm.migrator.down({ to: 0 });
      expect(await count({ database }, `${PUBLIC_TABLES} and tablename <> 'mikro_orm_migrations'`)).toBe(0);
      await database.migrate();
      expect(await database.pendingMigrations()).toEqual([]);
    } finally {
      await database.close();
      await drop();
    }
  });

  it('stop the start when they are missing, with a sentence that says what to run', async () => {
    const { url, drop } = await createTestDatabase();
    try {
      await expect(buildAppOn(settingsFor(url))).rejects.toThrow(/npm run migrate/);
    } finally {
      await drop();
    }
  });
});

describe('the app of the settings', () => {
  const anEmptyDatabase = async () => {
    const { url, drop } = await createTestDatabase();
    const database = await Database.open(settingsFor(url), 'commands');
    await database.migrate();
    return { database, settings: settingsFor(url), drop: () => database.close().then(drop) };
  };
  const aKey = (id: string) => `kw_${id.padEnd(12, '0')}_${randomBytes(32).toString('base64url')}`;

  it('is created once by five replicas that start at the same time', async () => {
    const { database, settings, drop } = await anEmptyDatabase();
    const replicas = await Promise.all(Array.from({ length: 5 }, () => buildAppOn(settings)));
    expect(await count({ database }, 'apps')).toBe(1);
    for (const replica of replicas) {
      expect((await send(replica, { url: '/health/ready' })).status).toBe(200);
      await replica.close();
    }
    await drop();
  });

  it('is created once by several simultaneous transactions that provision it', async () => {
    const { database, drop } = await anEmptyDatabase();
    const provisioning = new AppProvisioning(new AppRepository(database));
    const { app } = embeddedPassageOf(aConfiguration(settingsFor('')));
    try {
      const several = Array.from({ length: 3 * POOL }, () =>
        database.transaction((tx) => provisioning.provision(app, tx)),
      );
      await Promise.all(several);
      expect(await count({ database }, 'apps')).toBe(1);
    } finally {
      await drop();
    }
  });

  it('is overwritten at each start in only the columns that the settings name', async () => {
    const { database, settings, drop } = await anEmptyDatabase();
    const start = async (app: {
      id: string;
      name?: string;
      origins?: string[];
      rpId?: string;
      apiKey?: string;
    }) => {
      const passage = embeddedPassageOf(aConfiguration(settings));
      await (await buildAppOn(settings, { passage: { ...passage, app } })).close();
    };
    const row = async () => {
      const text = 'select id, name, rp_id, origins, user_verification, updated_at from apps order by id';
      return (await sql<{ updated_at: unknown }>({ database }, text)).map(
        ({ updated_at: _, ...rest }) => rest,
      );
    };
    const shop = { id: 'shop', rp_id: 'shop.example', user_verification: 'required' };
    try {
      await expect(start({ id: 'shop' })).rejects.toThrow(/set APP_ORIGINS and APP_RP_ID/);
      await start({ id: 'shop', origins: [TEST.origin], rpId: TEST.rpId });
      expect(await row()).toEqual([{ ...shop, name: 'shop', origins: [TEST.origin] }]);
      await sql({ database }, `update apps set name = 'By hand', user_verification = 'preferred'`);
      await start({ id: 'shop', origins: [TEST.origin, 'https://m.shop.example'] });
      expect(await row()).toEqual([
        {
          ...shop,
          name: 'By hand',
          user_verification: 'preferred',
          origins: [TEST.origin, 'https://m.shop.example'],
        },
      ]);
      const unchanged = await contents({ database });
      await start({ id: 'shop' });
      expect(await contents({ database })).toEqual(unchanged);
      await expect(start({ id: 'other', origins: [TEST.origin], rpId: TEST.rpId })).rejects.toThrow(
        /belongs to the app shop/,
      );
      expect(await contents({ database })).toEqual(unchanged);
    } finally {
      await drop();
    }
  });

  describe('with a key of the settings', () => {
    let empty: Awaited<ReturnType<typeof anEmptyDatabase>>;
    let warnings: string[];
    beforeEach(async () => {
      empty = await anEmptyDatabase();
      warnings = [];
    });
    afterEach(() => empty?.drop());

    const start = async (apiKey: string) => {
      const passage = embeddedPassageOf(aConfiguration(empty.settings));
      const app = await buildAppOn(empty.settings, {
        passage: { ...passage, app: { ...passage.app, apiKey } },
      });
      await app.close();
      warnings = app.logLines.filter((line) => line.includes('APP_API_KEY'));
    };
    const states = async () => {
      const { database } = empty;
      const keys = new ApiKeysService(new ApiKeyRepository(database), new AppRepository(database));
      const listed = await keys.list(embeddedPassageOf(aConfiguration(empty.settings)).app.id);
      return Object.fromEntries(
        listed.map(({ id, state, expiresAt }) => [id, expiresAt && state === 'active' ? 'ends' : state]),
      );
    };
    /** As if the other key had taken its place so long ago. */
    const age = (id: string, by: string) =>
      sql(
        { database: empty.database },
        'update api_keys set superseded_at = now() - $2::interval where id = $1',
        id,
        by,
      );
    const [first, second] = [aKey('first'), aKey('second')];

    it('keeps the key before it valid for a day, also for replicas that start with it meanwhile', async () => {
      await start(first);
      await start(first);
      expect(await states()).toEqual({ first0000000: 'active' });
      await start(second);
      expect(await states()).toEqual({ first0000000: 'ends', second000000: 'active' });
      await age('first0000000', '23 hours 59 minutes');
      expect(await states()).toEqual({ first0000000: 'ends', second000000: 'active' });
      await start(first);
      expect(await states()).toEqual({ first0000000: 'active', second000000: 'ends' });
      await start(second);
      await age('first0000000', '24 hours 1 minute');
      expect(await states()).toEqual({ first0000000: 'expired', second000000: 'active' });
      await start(aKey('third'));
      expect(await states()).toEqual({
        first0000000: 'expired',
        second000000: 'ends',
        third0000000: 'active',
      });
      expect(warnings).toEqual([]);
    });

    it.each([
      [
        'has ended',
        `update api_keys set superseded_at = now() - interval '25 hours' where id = 'first0000000'`,
        'expired',
      ],
      ['was revoked', `update api_keys set revoked_at = now() where id = 'first0000000'`, 'revoked'],
    ])('starts with a warning if the key %s, and changes no key', async (_, end, state) => {
      await start(first);
      await start(second);
      await sql({ database: empty.database }, end);
      await start(first);
      expect(warnings).toEqual([expect.stringContaining('calls with it are refused')]);
      expect(await states()).toEqual({ first0000000: state, second000000: 'active' });
    });

    it('refuses another key with the id of one, and stores no secret', async () => {
      await start(second);
      await expect(start(aKey('second'))).rejects.toThrow(/another key has its id/);
      expect(await states()).toEqual({ second000000: 'active' });
      const holding = `api_keys k where position($1 in k::text) > 0`;
      expect(await count({ database: empty.database }, holding, second.slice(16))).toBe(0);
    });
  });

  it('stays unchanged if its key is refused because another app has a key of that id', async () => {
    const { database, settings, drop } = await anEmptyDatabase();
    const passage = embeddedPassageOf(aConfiguration(settings));
    const start = async (changes: Partial<typeof passage.app>) =>
      (await buildAppOn(settings, { passage: { ...passage, app: { ...passage.app, ...changes } } })).close();
    try {
      await start({ apiKey: aKey('first') });
      await insertApp({ database }, { id: 'other', rpId: 'other.example', origin: 'https://other.example' });
      await sql(
        { database },
        `insert into api_keys (app_id, id, secret_hash, source)
         values ('other', 'taken0000000', sha256('x'), 'operator')`,
      );
      const before = await contents({ database });
      await expect(start({ name: 'Renamed', apiKey: aKey('taken') })).rejects.toThrow(
        /another key has its id/,
      );
      expect(await contents({ database })).toEqual(before);
    } finally {
      await drop();
    }
  });

  it('can use the key of an operator, which ends when the settings name another', async () => {
    const { database, settings, drop } = await anEmptyDatabase();
    const passage = embeddedPassageOf(aConfiguration(settings));
    const start = async (apiKey?: string) => {
      const fields = { ...passage.app, ...(apiKey !== undefined && { apiKey }) };
      await (await buildAppOn(settings, { passage: { ...passage, app: fields } })).close();
    };
    const states = async () =>
      (await keys.list(passage.app.id)).map(({ state, source }) => `${state} ${source}`);
    const keys = new ApiKeysService(new ApiKeyRepository(database), new AppRepository(database));
    try {
      await start();
      const [made, other] = [
        await keys.create(passage.app.id, null),
        await keys.create(passage.app.id, 3_600),
      ];
      await start(made.key);
      expect(await states()).toEqual(['active settings', 'active operator']);
      await start(aKey('second'));
      await sql({ database }, `update api_keys set superseded_at = superseded_at - interval '24 hours'`);
      expect(await states()).toEqual(['expired settings', 'active operator', 'active settings']);
      await sql({ database }, 'update api_keys set expires_at = now() where id = $1', other.id);
      await start(other.key);
      expect(await states()).toEqual(['expired settings', 'expired operator', 'active settings']);
    } finally {
      await drop();
    }
  });
});

describe('a connection', () => {
  let app: TestApp;
  /** The app's database through a pool of one connection. */
  let database: Database;
  beforeAll(async () => {
    app = await buildApp();
    const settings = app.configuration.database;
    database = await Database.open(
      settingsFor(settings.kind === 'postgresql' ? settings.url : '', 1),
      'commands',
    );
  });
  afterAll(async () => {
    await database.close();
    await app.close();
  });

  const LOGINS = query('test.logins', (db) => db.selectFrom('flex_users').select('login_count'));
  const DIVIDE = query('test.divide', (db) => db.selectNoFrom(rawSql`1 / 0`.as('quotient')));
  const readInTransaction = () => database.transaction((tx) => tx.run(LOGINS, {}));

  it.each([
    [
      'a migration changed the type of a column',
      'alter table flex_users alter login_count type bigint',
      '0A000',
    ],
    ['a pooler deallocated its statements', 'deallocate all', '26000'],
  ])('is replaced after a transaction failed because %s', async (_case, change, code) => {
    await readInTransaction();
    await sql({ database }, change);
    await expect(readInTransaction()).rejects.toMatchObject({ code });
    await expect(readInTransaction()).resolves.toEqual([]);
  });

  it.each([
    ['a migration changed the type of a column', 'alter table flex_users alter login_count type numeric'],
    ['a pooler deallocated its statements', 'deallocate all'],
  ])('is replaced, and a statement of its own run again, after %s', async (_case, change) => {
    await database.run(LOGINS, {});
    await sql({ database }, change);
    await expect(database.run(LOGINS, {})).resolves.toEqual([]);
  });

  it('never reports a commit of a transaction in which a statement failed', async () => {
    const swallowed = database.transaction(async (tx) => {
      await tx.run(DIVIDE, {}).catch(() => undefined);
    });
    await expect(swallowed).rejects.toThrow(/rolled back/);
    await expect(readInTransaction()).resolves.toEqual([]);
  });
});

describe('an unreachable database', () => {
  let app: TestApp;
  /** The same service, with a wire to its database that can be cut. */
  let wired: TestApp;
  let wire: TcpProxy;
  beforeAll(async () => {
    app = await buildApp();
    const { database, passage } = app.configuration;
    const url = new URL(database.kind === 'postgresql' ? database.url : '');
    wire = new TcpProxy({ host: url.hostname, port: Number(url.port) });
    await wire.open();
    url.host = `${wire.address.host}:${wire.address.port}`;
    wired = await buildAppOn(settingsFor(url.href), { passage });
  });
  afterAll(async () => {
    await wired?.close();
    await wire?.cut();
    await app?.close();
  });

  /** Of as many users, as one user has a third of the pool at most. */
  const onePasskeyForEachConnection = (on: TestApp) =>
    Promise.all(Array.from({ length: POOL }, () => registerPasskey(new TestUser(on))));
  const untilPoolWaits = () => eventually(async () => expect(await count(app, WAITING)).toBe(POOL));
  const expectUnavailable = (answer: HttpAnswer, shape: object, type: string) => {
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.headers['content-type']).toBe(`${type}; charset=utf-8`);
    expect(answer.body).toMatchObject(shape);
  };

  it('causes 503 in the format of each edge, and the service recovers once it is back', async () => {
    const known = new TestUser(wired);
    const { browser, authenticator, device } = await registerPasskey(known);
    const leave = await known.authenticateTransaction();
    const begun = await browser.beginSignIn(leave.transactionId);
    const body = begun.answer(authenticator);
    const before = await contents(app);
    await wire.cut();
    const problem = { status: 503, code: 'database_unavailable', requestId: expect.any(String) as string };
    const ours = await Promise.all([
      known.call('GET', '/user/devices'),
      known.revoke(device.id),
      known.rename(device.id, 'x'),
      known.authenticateTransaction().catch((error: Error) => error.message),
      new TestUser(wired).call('POST', '/passkey/register'),
      known.verify('x'),
    ]);
    for (const answer of ours) {
      if (typeof answer === 'string') expect(answer).toMatch(/got 503.*database_unavailable/);
      else expectUnavailable(answer as HttpAnswer, problem, 'application/problem+json');
    }
    const flex = await Promise.all([
      send(wired, { url: `/v1/apps/${TEST.appId}`, remoteAddress: newAddress() }),
      send(wired, { url: '/v1/apps/another', headers: { origin: TEST.origin }, remoteAddress: newAddress() }),
      browser.post('register', 'start', { transaction_id: 'x' }),
      browser.finish('authenticate', body),
      browser.finish('register', body),
    ]);
    const error = expect.any(String) as string;
    for (const answer of flex)
      expectUnavailable(answer, { code: 'internal_server_error', error }, 'application/json');
    expect(await send(wired, { url: '/health/ready' })).toMatchObject({ status: 503 });
    expect(await send(wired, { url: '/health/live' })).toMatchObject({ status: 200 });
    expect(await contents(app)).toEqual(before);

    await wire.open();
    expect(await send(wired, { url: '/health/ready' })).toMatchObject({ status: 200 });
    expect((await browser.finish('authenticate', body)).status).toBe(200);
    expect(await known.passkeys()).toMatchObject([{ usageCount: 1 }]);
  });

  it('that stops answering during transactions fails those requests, and takes no place in the pool', async () => {
    const { database, passage } = app.configuration;
    const url = new URL(database.kind === 'postgresql' ? database.url : '');
    const ownWire = new TcpProxy({ host: url.hostname, port: Number(url.port) });
    await ownWire.open();
    url.host = `${ownWire.address.host}:${ownWire.address.port}`;
    // What a connection waits for an answer, so that the test need not wait as long as the service does.
    url.searchParams.set('query_timeout', '2000');
    const impatient = await buildAppOn(settingsFor(url.href), { passage });
    try {
      const passkeys = await onePasskeyForEachConnection(impatient);
      const { user, device } = passkeys[0]!;
      const answers = await app.database.transaction(async (tx) => {
        await tx.run(LOCK_ALL_USERS, {});
        const waiting = Promise.all(passkeys.map((it) => it.user.call('POST', '/passkey/register')));
        await untilPoolWaits();
        ownWire.fallSilent();
        return waiting;
      });
      const problem = { status: 503, code: 'database_unavailable' };
      for (const answer of answers) expectUnavailable(answer, problem, 'application/problem+json');
      const after = await Promise.all(
        Array.from({ length: 3 * POOL }, () => user.call('POST', '/passkey/register')),
      );
      expect(after.map(({ status }) => status)).toEqual(after.map(() => 201));
      expect(await user.passkeys()).toMatchObject([{ id: device.id }]);
    } finally {
      await impatient.close();
      await ownWire.cut();
    }
  });

  it('that ends connections during transactions fails those requests, and takes no place in the pool', async () => {
    const passkeys = await onePasskeyForEachConnection(wired);
    const finish = async ({ browser, authenticator }: RegisteredPasskey) => {
      const begun = await browser.beginSignIn();
      return browser.finish('authenticate', begun.answer(authenticator));
    };
    for (let round = 0; round < 2; round++) {
      const answers = await app.database.transaction(async (tx) => {
        await tx.run(LOCK_ALL_DEVICES, {});
        const finishing = Promise.all(passkeys.map(finish));
        await untilPoolWaits();
        await sql(app, `select pg_terminate_backend(pid) from ${WAITING}`);
        return finishing;
      });
      const shape = { code: 'internal_server_error', error: expect.any(String) as string };
      for (const answer of answers) expectUnavailable(answer, shape, 'application/json');
    }
    for (const { user } of passkeys) expect(await user.passkeys()).toMatchObject([{ usageCount: 0 }]);
    const answers = await Promise.all([...passkeys, ...passkeys, ...passkeys].map(finish));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    for (const { user } of passkeys) expect(await user.passkeys()).toMatchObject([{ usageCount: 3 }]);
  });
});
