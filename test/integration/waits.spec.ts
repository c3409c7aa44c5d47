import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { AppServer } from '../support/app-server.js';
import { buildApp, buildAppOn, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { beginRegistration, beginStepUp, registerPasskey } from '../support/flows.js';
import { type HttpAnswer, send } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { count, flexUserIdOf, sql } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

const HELD = 10_000; // ms
const SERVED_WITHIN = 2_000; // ms
const AT_ONCE = 20;
/** Connections to the database that wait for a lock. */
const HOLDERS = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;

describe('a locked row', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  /** Locks users' rows in another session while `work` runs. */
  async function whileLocked<T>(userIds: string | readonly string[], work: () => Promise<T>): Promise<T> {
    const { database } = app.configuration;
    const other = new Client({ connectionString: database.kind === 'postgresql' ? database.url : '' });
    await other.connect();
    try {
      await other.query('begin');
      await other.query('select from flex_users where id = any($1) for update', [[userIds].flat()]);
      return await work();
    } finally {
      await other.end();
    }
  }

  const codeOf = (answer: HttpAnswer) => answer.as<{ code?: string; error?: string }>();

  /** Asks in as many ways at once as there are, again and again until `end`; gives every answer. */
  async function impatiently(end: number, ask: () => Promise<HttpAnswer>): Promise<HttpAnswer[]> {
    const answers: HttpAnswer[] = [];
    const client = async () => {
      while (Date.now() < end) answers.push(await ask());
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
    return answers;
  }

  it('and one impatient client of its user leave every other user served, and the replica ready', async () => {
    const locked = new TestUser(app);
    await registerPasskey(locked);
    const others = await Promise.all(Array.from({ length: 4 }, () => registerPasskey(new TestUser(app))));
    const mark = app.logLines.length;
    const slowest = { ms: 0 };
    const served = async (ask: () => Promise<HttpAnswer>) => {
      const begun = performance.now();
      const answer = await ask();
      slowest.ms = Math.max(slowest.ms, performance.now() - begun);
      expect(answer.status).toBeLessThan(300);
      return answer;
    };
    const impatient = await whileLocked(await flexUserIdOf(app, locked.subject), async () => {
      const end = Date.now() + HELD;
      const asking = impatiently(end, () => locked.call('POST', '/passkey/register'));
      let rounds = 0;
      for (; Date.now() < end; rounds++) {
        const { user, device, browser, authenticator } = others[rounds % others.length]!;
        await served(() => user.call('GET', '/user/devices'));
        await served(() => user.rename(device.id, `name ${rounds}`));
        await served(() => user.call('POST', '/passkey/register'));
        const begun = await browser.beginSignIn();
        await served(() => browser.finish('authenticate', begun.answer(authenticator)));
        expect(await served(() => send(app, { url: '/health/ready' }))).toMatchObject({
          body: { status: 'ok' },
        });
        // However fast the machine is, each browser stays within the limit of its network.
        await pause(50);
      }
      expect(rounds).toBeGreaterThan(5);
      return asking;
    });
    expect(slowest.ms).toBeLessThan(SERVED_WITHIN);
    expect(impatient.length).toBeGreaterThanOrEqual(2 * AT_ONCE);
    for (const answer of impatient) {
      expect([answer.status, codeOf(answer).code]).toEqual([503, 'database_busy']);
      expect(answer.headers['retry-after']).toBe('2');
    }
    const reasons = app.logLines.slice(mark).map((line) => (JSON.parse(line) as { reason?: string }).reason);
    expect(new Set(reasons.filter(Boolean))).toEqual(new Set(['lock_timeout', 'user_busy']));
    expect((await locked.call('POST', '/passkey/register')).status).toBe(201);
  }, 60_000);

  it('that is held for longer than a request may last leaves no statement at the server, and no place lost', async () => {
    const { database, passage } = app.configuration;
    const url = new URL(database.kind === 'postgresql' ? database.url : '');
    for (const name of ['lock_timeout', 'statement_timeout', 'query_timeout'])
      url.searchParams.set(name, '60000');
    const patient = await buildAppOn({ kind: 'postgresql', url: url.href, poolMax: 2 }, { passage });
    try {
      const user = new TestUser(patient);
      const passkey = await registerPasskey(user);
      const { device, browser, authenticator } = passkey;
      const body = (await browser.beginSignIn()).answer(authenticator);
      const other = new TestUser(patient);
      const otherBegun = await beginRegistration(other);
      const begun = performance.now();
      const users = (await sql<{ id: string }>(app, 'select id from flex_users')).map(({ id }) => id);
      const [revoked, finished] = await whileLocked(users, async () => {
        const answers = await Promise.all([
          user.revoke(device.id),
          otherBegun.browser.finish('register', otherBegun.answer(new SoftwareAuthenticator())),
        ]);
        // The row is still locked, and nothing waits for it any more.
        await eventually(async () => expect(await count(app, HOLDERS)).toBe(0));
        return answers;
      });
      expect(Math.round((performance.now() - begun) / 1_000)).toBeLessThan(25);
      expect([revoked.status, codeOf(revoked).code]).toEqual([503, 'request_deadline_exceeded']);
      expect([finished.status, codeOf(finished).code]).toEqual([503, 'internal_server_error']);
      for (const { headers } of [revoked, finished]) expect(headers['retry-after']).toBe('2');
      const told = patient.logLines
        .map((line) => JSON.parse(line) as { level: number; code?: string })
        .filter(({ level }) => level > 30);
      expect(told).toMatchObject([
        { level: 40, code: 'request_deadline_exceeded' },
        { level: 40, code: 'request_deadline_exceeded' },
      ]);
      // Both connections of the pool are there again, and nothing was done.
      expect(await Promise.all([user.passkeys(), other.passkeys()])).toMatchObject([[{ id: device.id }], []]);
      expect((await browser.finish('authenticate', body)).status).toBe(200);
      expect(
        await count(app, `pg_stat_activity where datname = current_database() and state like 'idle in%'`),
      ).toBe(0);
    } finally {
      await patient.close();
    }
  }, 90_000);

  describe('takes three connections of the pool at most', () => {
    /** The most connections that wait for the lock while everybody asks at once. */
    async function mostWaiting(
      userId: string,
      asks: readonly (() => Promise<HttpAnswer>)[],
    ): Promise<number> {
      let most = 0;
      await whileLocked(userId, async () => {
        let answered = 0;
        const answers = asks.map((ask) => ask().finally(() => (answered += 1)));
        while (answered < asks.length) most = Math.max(most, await count(app, HOLDERS));
        for (const { status } of await Promise.all(answers)) expect(status).toBe(503);
      });
      return most;
    }

    const times = <T>(one: T) => Array<T>(8).fill(one);

    it('for all that the server of the app asks of the user, by either name', async () => {
      const server = await AppServer.create(app);
      await server.tenant.register('ada');
      const { id } = await server.find('ada');
      for (const path of ['/external-users/ada', `/users/${id}`]) {
        const change = () => server.call('PATCH', path, { status: 'inactive' });
        expect(await mostWaiting(id, times(change))).toBe(3);
      }
      const body = { external_id: 'ada', passkey_display_name: 'Ada' };
      for (const kind of ['register', 'authenticate'])
        expect(
          await mostWaiting(
            id,
            times(() => server.call('POST', `/transactions/${kind}`, body)),
          ),
        ).toBe(3);
    });

    it('for all ties that are made and undone', async () => {
      const own = await AppServer.own(app);
      (await own.call('PUT', '/external-users/eve/identity', { subject: 'eve' })).expect();
      const user = new TestUser(app, { sub: 'eve' });
      await registerPasskey(user);
      const id = await flexUserIdOf(app, 'eve');
      const unlink = () => own.call('DELETE', '/external-users/eve/identity');
      expect(await mostWaiting(id, times(unlink))).toBe(3);
    });

    it('however many ceremonies of the user are finished', async () => {
      const user = new TestUser(app);
      const passkey = await registerPasskey(user);
      const id = await flexUserIdOf(app, user.subject);
      const signIns = await Promise.all(
        times(0).map(async () => {
          const begun = await beginStepUp(passkey);
          return () => passkey.browser.finish('authenticate', begun.answer(passkey.authenticator));
        }),
      );
      expect(await mostWaiting(id, signIns)).toBe(3);
      const registrations = await Promise.all(
        times(0).map(async () => {
          const begun = await beginRegistration(user, passkey.browser);
          return () => passkey.browser.finish('register', begun.answer(new SoftwareAuthenticator()));
        }),
      );
      expect(await mostWaiting(id, registrations)).toBe(3);
    });
  });
});
