import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { Database } from '../../src/database/database.js';
import { buildAppOn, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { registerPasskey } from '../support/flows.js';
import { send } from '../support/http-answer.js';
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.js';
import { flexUserIdOf, sql } from '../support/tables.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { TestUser } from '../support/test-user.js';

const POOL = 6;
const settingsFor = (url: string) => ({ kind: 'postgresql', url, poolMax: POOL }) as const;

describe('PgBouncer 1.18', () => {
  let database: TestDatabase;
  let pgbouncer: PgBouncer | undefined;
  let app: TestApp | undefined;
  let direct: Client;
  beforeEach(async () => {
    database = await createTestDatabase();
    direct = new Client({ connectionString: database.url });
    await direct.connect();
  });
  afterEach(async () => {
    await app?.close();
    await pgbouncer?.stop();
    await direct.end();
    await database.drop();
    [app, pgbouncer] = [undefined, undefined];
  });

  const inFront = async (...settings: string[]): Promise<string> => {
    pgbouncer = await startPgBouncer(database.url, settings);
    return pgbouncer.url;
  };

  describe('in session mode', () => {
    const start = async (parameters = ''): Promise<TestApp> => {
      const url = `${await inFront()}${parameters}`;
      const schema = await Database.open(settingsFor(url), 'commands');
      await schema.migrate();
      await schema.close();
      app = await buildAppOn(settingsFor(url));
      return app;
    };

    it('serves ceremonies, with the limits that Keyway sets and no warning', async () => {
      const on = await start('?target_session_attrs=read-write');
      const people = await Promise.all(
        Array.from({ length: 2 * POOL }, () => registerPasskey(new TestUser(on))),
      );
      for (const { browser, authenticator, user, device } of people) {
        const begun = await browser.beginSignIn();
        const answer = await browser.finish('authenticate', begun.answer(authenticator));
        expect(answer.status).toBe(200);
        expect((await user.rename(device.id, 'renamed')).status).toBe(200);
      }
      expect((await send(on, { url: '/health/ready' })).body).toEqual({ status: 'ok' });
      const limits = `select name, setting from pg_settings where name in ('lock_timeout', 'statement_timeout') order by 1`;
      expect(await sql(on, limits)).toEqual([
        { name: 'lock_timeout', setting: '2000' },
        { name: 'statement_timeout', setting: '10000' },
      ]);
      expect(on.logLines.join()).not.toContain('alter role');
    });

    it('passes on the cancellation of a statement whose request was given up', async () => {
      // Longer than a request is served.
      const on = await start('?lock_timeout=0&statement_timeout=0&query_timeout=60000');
      const user = new TestUser(on);
      const { device } = await registerPasskey(user);
      await direct.query('begin');
      await direct.query('select from flex_users where id = $1 for update', [
        await flexUserIdOf(on, user.subject),
      ]);
      await direct.query('lock table devices');
      const begun = performance.now();
      const renamed = user.rename(device.id, 'never');
      const waiting = async () =>
        (
          await direct.query(
            `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          )
        ).rowCount;
      await eventually(async () => expect(await waiting()).toBe(1));
      const answer = await renamed;
      expect(answer).toMatchObject({ status: 503, body: { code: 'request_deadline_exceeded' } });
      expect(performance.now() - begun).toBeLessThan(22_000);
      await eventually(async () => expect(await waiting()).toBe(0));
      await direct.query('rollback');
      await pause(100);
      expect((await user.rename(device.id, 'at last')).status).toBe(200);
    });

    it('is told as the cause where it refuses a parameter of the address', async () => {
      const url = `${await inFront()}?options=-c%20geqo%3Doff`;
      await expect(Database.open(settingsFor(url), 'commands')).rejects.toThrow(
        /unsupported startup parameter: options.*ignore_startup_parameters/,
      );
    });
  });

  it('in transaction mode stops the start with what to set, each time', async () => {
    const url = await inFront('pool_mode = transaction');
    for (let i = 0; i < 3; i++) {
      await expect(Database.open(settingsFor(url), 'requests')).rejects.toThrow(
        /^The pooler at 127\.0\.0\.1:\d+\/.* mixes up their prepared statements: set pool_mode = session, or run PgBouncer 1\.24/,
      );
    }
  });
});
