import { Client } from 'pg';
import { Database } from '../../src/database/database.js';
import { AppServer } from '../support/app-server.js';
import { Browser } from '../support/browser.js';
import { buildApp, buildAppOn, type TestApp } from '../support/build-app.js';
import { beginRegistration, registerPasskey } from '../support/flows.js';
import { type HttpAnswer, send } from '../support/http-answer.js';
import { routesOf } from '../support/routes.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { contents, count, sql } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

type Line = Record<string, unknown>;

describe('a failing database', () => {
  let app: TestApp;
  let url: string;
  beforeAll(async () => {
    app = await buildApp();
    const { database } = app.configuration;
    url = database.kind === 'postgresql' ? database.url : '';
  });
  afterAll(() => app?.close());

  const linesOf = ({ logLines }: TestApp, mark: number): Line[] =>
    logLines.slice(mark).map((line) => JSON.parse(line) as Line);
  const warningsOf = (on: TestApp, mark: number) =>
    linesOf(on, mark).filter(({ level }) => Number(level) > 30);

  const problem = (code: string, title: string) => ({
    type: 'about:blank',
    title,
    status: 503,
    code,
    requestId: expect.any(String) as string,
  });

  function expectOutage(answer: HttpAnswer, body: object): void {
    expect([answer.status, answer.body]).toStrictEqual([503, body]);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  }

  describe('when busy', () => {
    let impatient: TestApp;
    beforeAll(async () => {
      const settings = { kind: 'postgresql', url: `${url}?lock_timeout=100`, poolMax: 4 } as const;
      impatient = await buildAppOn(settings, { passage: app.configuration.passage });
    });
    afterAll(() => impatient?.close());

    it('causes 503 database_busy with Retry-After on both edges, a warning in the log, and no refusal', async () => {
      const user = new TestUser(app);
      const { authenticator, device } = await registerPasskey(user);
      const browser = new Browser(impatient);
      const body = (await browser.beginSignIn()).answer(authenticator);
      const refusals = await count(app, `audit_events where type = 'passkey.refused'`);
      const mark = impatient.logLines.length;
      const lock = new Client({ connectionString: url });
      await lock.connect();
      try {
        await lock.query('begin');
        await lock.query('lock table devices in share mode');
        const renamed = await user.on(impatient).rename(device.id, 'Work');
        expectOutage(renamed, problem('database_busy', 'The database is busy'));
        expectOutage(await browser.finish('authenticate', body), {
          code: 'internal_server_error',
          error: 'The database is busy.',
        });
      } finally {
        await lock.end();
      }
      const warning = {
        level: 40,
        msg: 'The database is busy',
        code: 'database_busy',
        reason: 'lock_timeout',
        cause: { code: '55P03' },
      };
      expect(warningsOf(impatient, mark)).toMatchObject([warning, warning]);
      expect(await count(app, `audit_events where type = 'passkey.refused'`)).toBe(refusals);
      expect((await browser.finish('authenticate', body)).status).toBe(200);
    });
  });

  describe('with a locked row', () => {
    const lockTimeout = 'select current_setting($1) as set';

    it('fails a request that waits for it after two seconds, with 503 database_busy', async () => {
      const user = new TestUser(app);
      const { device } = await registerPasskey(user);
      const mark = app.logLines.length;
      const lock = new Client({ connectionString: url });
      await lock.connect();
      try {
        await lock.query('begin');
        await lock.query('select from devices where id = $1 for update', [device.id]);
        const renamed = await user.rename(device.id, 'Work');
        expectOutage(renamed, problem('database_busy', 'The database is busy'));
      } finally {
        await lock.end();
      }
      expect(warningsOf(app, mark)).toMatchObject([{ code: 'database_busy', reason: 'lock_timeout' }]);
      expect(await sql(app, lockTimeout, 'lock_timeout')).toEqual([{ set: '2s' }]);
    });

    it('is waited for by commands, which have no such limit, also where the role has one', async () => {
      const server = new Client({ connectionString: url });
      await server.connect();
      const name = new URL(url).pathname.slice(1);
      await server.query(`alter database ${name} set lock_timeout = '1ms'`);
      const commands = await Database.open(app.configuration.database, 'commands');
      try {
        expect(await sql({ database: commands }, lockTimeout, 'lock_timeout')).toEqual([{ set: '0' }]);
      } finally {
        await commands.close();
        await server.query(`alter database ${name} reset lock_timeout`);
        await server.end();
      }
    });
  });

  describe('when read-only', () => {
    const ready = async () => {
      const { status, body } = await send(app, { url: '/health/ready' });
      return { status, body };
    };
    const NOT_READY = { status: 503, body: { status: 'unavailable', reason: 'read_only' } };

    /** As a failover does: the service's connections are cut, and new ones lead to a database that only reads. */
    async function demote(isReadOnly: boolean): Promise<void> {
      const server = new Client({ connectionString: process.env.TEST_DATABASE_URL! });
      await server.connect();
      const name = new URL(url).pathname.slice(1);
      const change = isReadOnly
        ? 'set default_transaction_read_only = on'
        : 'reset default_transaction_read_only';
      await server.query(`alter database ${name} ${change}`);
      await server.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
      await server.end();
      // The pool learns one by one which of its connections are dead.
      for (let i = 0; (await ready()).status !== (isReadOnly ? 503 : 200) || (await isCut()); i++) {
        if (i === 100) throw new Error('the pool has found no good connection');
      }
    }

    const isCut = () =>
      sql(app, 'select 1').then(
        () => false,
        () => true,
      );

    it('causes 503 on every route that writes and stores nothing, while ceremonies still start', async () => {
      const user = new TestUser(app);
      const { authenticator, browser, device } = await registerPasskey(user);
      const server = await AppServer.create(app);
      const tenant = await server.tenant.register('ada');
      const own = await AppServer.own(app);
      (await own.call('PUT', '/external-users/eve/identity', { subject: 'eve' })).expect();
      const [flexDevice] = await server.devices('ada');
      const { id } = await server.find('ada');
      const registration = await beginRegistration(user, browser);
      const { transactionId } = await user.authenticateTransaction();
      const signIn = await browser.beginSignIn();
      const nonce = (await browser.finish('authenticate', signIn.answer(authenticator))).expect<{
        nonce: string;
      }>().nonce;
      const again = (await browser.beginSignIn()).answer(authenticator);

      await server.tenant.change('webhook_hosts', ['hooks.example.com']);
      const wish = { url: 'https://hooks.example.com/', events: ['user.deleted'] };
      const { webhook } = (await server.call('POST', '/webhooks', wish)).expect<{ webhook: { id: string } }>(
        201,
      );
      (await server.call('POST', `/webhooks/${webhook.id}/disable`)).expect();

      type Ask = () => Promise<HttpAnswer>;
      const flexUser = (url: string, path: string): Record<string, Ask> => ({
        [`PATCH ${url}`]: () => server.call('PATCH', path, { status: 'inactive' }),
        [`DELETE ${url}`]: () => server.call('DELETE', path),
        [`PATCH ${url}/devices/:device_id`]: () =>
          server.call('PATCH', `${path}/devices/${flexDevice!.id}`, { friendly_name: 'Work' }),
        [`DELETE ${url}/devices/:device_id`]: () =>
          server.call('DELETE', `${path}/devices/${flexDevice!.id}`),
      });
      const ceremonies = '/v1/apps/:app';
      const finish = 'transactions/webauthn/finish';
      const writes: Record<string, Ask> = {
        'POST /passkey/register': () => user.call('POST', '/passkey/register'),
        'POST /passkey/verify': () => user.verify(nonce),
        'POST /user/authenticate-with-passkey': () => user.call('POST', '/user/authenticate-with-passkey'),
        'POST /user/revokePasskey': () => user.call('POST', '/user/revokePasskey', { id: device.id }),
        'PATCH /user/devices/:id': () => user.rename(device.id, 'Work'),
        'DELETE /user/devices/:id': () => user.revoke(device.id),
        'DELETE /user': () => user.call('DELETE', '/user'),
        [`POST ${ceremonies}/register/${finish}`]: () =>
          browser.finish('register', registration.answer(new SoftwareAuthenticator())),
        [`POST ${ceremonies}/authenticate/${finish}`]: () => browser.finish('authenticate', again),
        [`POST ${ceremonies}/transactions/register`]: () =>
          server.call('POST', '/transactions/register', {
            external_id: 'ada',
            passkey_display_name: 'Ada',
          }),
        [`POST ${ceremonies}/transactions/authenticate`]: () =>
          server.call('POST', '/transactions/authenticate', { external_id: 'ada' }),
        [`POST ${ceremonies}/authenticate/verify`]: () => server.verify(tenant.nonce),
        [`PUT ${ceremonies}/external-users/:external_id/identity`]: () =>
          own.call('PUT', '/external-users/bob/identity', { subject: 'bob' }),
        [`DELETE ${ceremonies}/external-users/:external_id/identity`]: () =>
          own.call('DELETE', '/external-users/eve/identity'),
        [`POST ${ceremonies}/webhooks`]: () => server.call('POST', '/webhooks', wish),
        ...Object.fromEntries(
          ['rotate', 'disable', 'enable', 'replay'].map((act): [string, Ask] => [
            `POST ${ceremonies}/webhooks/:webhook/${act}`,
            () => server.call('POST', `/webhooks/${webhook.id}/${act}`),
          ]),
        ),
        ...flexUser(`${ceremonies}/users/:user_id`, `/users/${id}`),
        ...flexUser(`${ceremonies}/external-users/:external_id`, '/external-users/ada'),
      };
      const starts = ['register', 'authenticate'].map(
        (kind) => `POST ${ceremonies}/${kind}/transactions/webauthn/start`,
      );
      // Writes nothing here.
      const sends = `POST ${ceremonies}/webhooks/:webhook/test`;
      const changing = routesOf(app).flatMap(({ url: route, methods }) =>
        methods.filter((it) => it !== 'GET' && it !== 'HEAD').map((method) => `${method} ${route}`),
      );
      expect([...Object.keys(writes), ...starts, sends].sort()).toEqual(changing.sort());

      const before = await contents(app);
      await demote(true);
      try {
        for (const [route, ask] of Object.entries(writes)) {
          const answer = await ask();
          const isFlex = route.includes('/v1/');
          expect(`${route}: ${answer.status} ${answer.as<{ code: string }>().code}`).toBe(
            `${route}: 503 ${isFlex ? 'internal_server_error' : 'database_unavailable'}`,
          );
          expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
        }
        expect((await browser.beginRegistration(registration.transactionId)).handshakeId).toBeTruthy();
        expect((await browser.beginSignIn(transactionId)).handshakeId).toBeTruthy();
        expect(await contents(app)).toEqual(before);
      } finally {
        await demote(false);
      }
      expect(await contents(app)).toEqual(before);
      expect((await writes['POST /passkey/verify']!()).status).toBe(200);
    });

    it('causes 503 for writes and in readiness, while reads still work', async () => {
      const user = new TestUser(app);
      const { authenticator, browser, device } = await registerPasskey(user);
      const server = await AppServer.create(app);
      const body = (await browser.beginSignIn()).answer(authenticator);
      expect(await ready()).toEqual({ status: 200, body: { status: 'ok' } });
      await demote(true);
      try {
        const mark = app.logLines.length;
        const renamed = await user.rename(device.id, 'Work');
        expectOutage(renamed, problem('database_unavailable', 'The database is unavailable'));
        const error = { code: 'internal_server_error', error: 'The database is unavailable.' };
        expectOutage(await browser.finish('authenticate', body), error);
        const warning = {
          level: 40,
          msg: 'The database is unavailable',
          code: 'database_unavailable',
          reason: 'read_only',
          cause: { code: '25006' },
        };
        expect(warningsOf(app, mark)).toMatchObject([warning, warning]);

        expect(await ready()).toEqual(NOT_READY);
        const access = { route: '/health/ready', status: 503, code: 'not_ready', reason: 'read_only' };
        expect(linesOf(app, mark).at(-1)).toMatchObject(access);
        expect((await send(app, { url: '/health/live' })).status).toBe(200);

        const reading = app.logLines.length;
        expect(await user.passkeys()).toMatchObject([{ id: device.id }]);
        expect((await server.call('GET', '/users')).status).toBe(200);
        expect(warningsOf(app, reading)).toMatchObject([
          { level: 40, msg: 'The last use of an API key was not recorded', reason: 'read_only' },
        ]);
      } finally {
        await demote(false);
      }
      expect(await ready()).toEqual({ status: 200, body: { status: 'ok' } });
      expect((await browser.finish('authenticate', body)).status).toBe(200);
    });
  });
});
