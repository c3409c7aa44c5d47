import { ApiKeysService } from '../../src/flex/api-keys/api-keys.service.js';
import { AppsService } from '../../src/flex/apps/apps.service.js';
import { PurgeService } from '../../src/flex/purge.service.js';
import { anApiKey, AppServer } from '../support/app-server.js';
import { Browser, type FinishBody } from '../support/browser.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { flexError } from '../support/flex-error.js';
import { untilWaiting, waiting, whileHolding } from '../support/held-lock.js';
import { type HttpAnswer, send } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { auditTrail, count, sql } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';
import { aForeignPasskey, exportRows, importRows } from '../support/transfer.js';

describe('simultaneous requests', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  describe('deleting an app', () => {
    const remove = (server: AppServer) =>
      app.application.get(AppsService, { strict: false }).delete(server.tenant.id);

    it('refuses an API key that is created for the app at the same time, and stores none', async () => {
      const { tenant } = await AppServer.create(app);
      const keys = app.application.get(ApiKeysService, { strict: false });
      const creation = await whileHolding(app, ['delete from apps where id = $1', tenant.id], async () => {
        const outcome = keys.create(tenant.id, null).catch((error: unknown) => error);
        await untilWaiting(app, 'insert into api_keys');
        return { outcome };
      });
      expect(await creation.outcome).toMatchObject({ code: 'app_not_found' });
      expect(await count(app, 'api_keys where app_id = $1', tenant.id)).toBe(0);
    });

    it('succeeds during revocations and erasures, none of which fails', async () => {
      for (let round = 0; round < 8; round++) {
        const server = await AppServer.create(app);
        const names = ['a', 'b', 'c', 'd'];
        for (const name of names) await server.tenant.register(name);
        const devices = await Promise.all(names.map(async (name) => (await server.devices(name))[0]!.id));
        const [deletion, ...answers] = await Promise.all([
          remove(server),
          ...names.map((name, i) =>
            server.call('DELETE', `/external-users/${name}${i % 2 ? '' : `/devices/${devices[i]}`}`),
          ),
        ]);
        expect(deletion.id).toBe(server.tenant.id);
        for (const { status } of answers) expect([200, 401, 404]).toContain(status);
        expect(await count(app, 'apps where id = $1', server.tenant.id)).toBe(0);
      }
    }, 30_000);

    it('deletes a user who is created at the same time, or the creation answers app_not_found', async () => {
      const server = await AppServer.create(app);
      await server.tenant.register('ada');
      let deletion: Promise<unknown> | undefined;
      let asked: Promise<HttpAnswer> | undefined;
      let answered = false;
      await whileHolding(
        app,
        ['select 1 from flex_users where app_id = $1 for update', server.tenant.id],
        async () => {
          deletion = remove(server);
          await untilWaiting(app, 'apps.delete-users');
          const body = { external_id: 'new', passkey_display_name: 'x' };
          asked = server.call('POST', '/transactions/register', body).finally(() => (answered = true));
          await eventually(async () =>
            expect(answered || (await waiting(app, 'flex_users')) === 2).toBe(true),
          );
        },
      );
      await deletion;
      const answer = (await asked)!;
      expect(answer.status === 201 ? '201' : flexError(answer)).toMatch(/^(201|404 app_not_found)$/);
      expect(await count(app, 'flex_users where app_id = $1', server.tenant.id)).toBe(0);
    });
  });

  it('a refused sign-in does not wait for a lock on its user', async () => {
    const server = await AppServer.create(app);
    const { authenticator } = await server.tenant.register('ada');
    const { id } = await server.find('ada');
    const browser = server.tenant.browser();
    const begun = await browser.beginSignIn(await server.authenticateTransaction('ada'));
    const foreign = begun.answer(authenticator, { origin: 'https://evil.example' });
    await whileHolding(app, ['select 1 from flex_users where id = $1 for update', id], async () => {
      expect((await browser.finish('authenticate', foreign)).status).toBe(401);
    });
    expect((await auditTrail(app)).at(-1)).toMatchObject({
      type: 'passkey.refused',
      userId: id,
      address: null,
    });
    expect((await browser.finish('authenticate', foreign)).status).toBe(401);
    expect((await auditTrail(app)).at(-1)).toMatchObject({ userId: id, address: browser.address });
  });

  it('a reactivation voids the nonces of sign-ins that waited for a lock before it', async () => {
    const server = await AppServer.create(app);
    const { authenticator } = await server.tenant.register('ada');
    const { id } = await server.find('ada');
    const browser = server.tenant.browser();
    const begun = await browser.beginSignIn();
    const answers: Promise<HttpAnswer>[] = [];
    await whileHolding(app, ['select 1 from flex_users where id = $1 for update', id], async () => {
      answers.push(browser.finish('authenticate', begun.answer(authenticator)));
      await untilWaiting(app, 'flex_users', 1);
      answers.push(server.call('PATCH', `/users/${id}`, { status: 'inactive' }));
      await untilWaiting(app, 'flex_users', 2);
      answers.push(server.call('PATCH', `/users/${id}`, { status: 'active' }));
      await untilWaiting(app, 'flex_users', 3);
    });
    const [signedIn, ...changes] = await Promise.all(answers);
    expect(changes.map(({ status }) => status)).toEqual([200, 200]);
    const { nonce } = signedIn!.expect<{ nonce: string }>();
    expect((await server.verify(nonce)).status).toBe(401);
  });

  describe('two sign-ins at once, of a passkey whose user handle is not known', () => {
    const [first, second] = [1, 2].map((it) => Buffer.alloc(16, it).toString('base64url'));

    /** Both find no handle known before either learns the one it presents. */
    const learnAtOnce = async (...handles: readonly string[]) => {
      const server = await AppServer.create(app);
      const { tenant } = server;
      const { row, credential, authenticator } = aForeignPasskey('ada', { members: { user_handle: null } });
      await importRows(app, [row], { appId: tenant.id });
      const { id } = await server.find('ada');
      const browser = tenant.browser();
      const bodies: FinishBody[] = [];
      for (const userId of handles) {
        const begun = await browser.beginSignIn(await server.authenticateTransaction('ada'));
        const presenting = { ...credential, rpId: tenant.rpId, userId };
        bodies.push(begun.answer(authenticator, { credential: presenting }));
      }
      let finished: Promise<HttpAnswer>[] = [];
      await whileHolding(app, ['select 1 from flex_users where id = $1 for update', id], async () => {
        finished = bodies.map((body) => browser.finish('authenticate', body));
        await untilWaiting(app, 'user-handles.lock-to-learn', 2);
      });
      const statuses = (await Promise.all(finished)).map(({ status }) => status);
      const rows = await exportRows(app, tenant.id);
      const reasons = (await auditTrail(app)).filter(({ userId }) => userId === id).map((it) => it.reason);
      const left = {
        handles: await count(app, 'user_handles where user_id = $1', id),
        openTransactions: await count(app, 'transactions where user_id = $1 and consumed_at is null', id),
        nonces: await count(app, 'nonces where user_id = $1', id),
      };
      return { statuses, rows, refusals: reasons.filter((reason) => reason !== null), left };
    };

    it('learns from one of them and refuses the other whole if they present two handles', async () => {
      const { statuses, rows, refusals, left } = await learnAtOnce(first!, second!);
      expect([...statuses].sort()).toEqual([200, 401]);
      const learnt = statuses[0] === 200 ? first : second;
      expect(rows).toMatchObject([
        { type: 'user', user_handle: learnt, login_count: 1 },
        { type: 'passkey', user_handle: learnt, usage_count: 1 },
      ]);
      expect(refusals).toEqual(['user_handle_mismatch']);
      expect(left).toEqual({ handles: 2, openTransactions: 1, nonces: 1 });
    });

    it('counts both if they present the same handle', async () => {
      const { statuses, rows, refusals, left } = await learnAtOnce(first!, first!);
      expect(statuses).toEqual([200, 200]);
      expect(rows).toMatchObject([
        { type: 'user', user_handle: first, login_count: 2 },
        { type: 'passkey', user_handle: first, usage_count: 2 },
      ]);
      expect(refusals).toEqual([]);
      expect(left).toEqual({ handles: 2, openTransactions: 0, nonces: 2 });
    });
  });

  it('the same request ten times at once takes effect once', async () => {
    const server = await AppServer.create(app);
    await server.tenant.register('ada');
    const { id } = await server.find('ada');
    const [device] = await server.devices('ada');
    const tenTimes = async (method: 'PATCH' | 'DELETE', path: string, body?: (i: number) => object) => {
      const asked = Array.from({ length: 10 }, (_, i) => server.call(method, path, body?.(i)));
      return (await Promise.all(asked)).map(({ status }) => status).sort();
    };
    const all = Array(10).fill(200);
    const once = [200, ...Array<number>(9).fill(404)];
    const passkey = `/users/${id}/devices/${device!.id}`;
    expect(await tenTimes('PATCH', passkey, (i) => ({ friendly_name: `Name ${i}` }))).toEqual(all);
    expect((await server.devices('ada'))[0]!.friendly_name).toMatch(/^Name \d$/);
    expect(await tenTimes('PATCH', `/users/${id}`, () => ({ status: 'pending' }))).toEqual(all);
    expect(await tenTimes('DELETE', passkey)).toEqual(once);
    expect(await tenTimes('DELETE', '/external-users/ada')).toEqual(once);
    const events = (await auditTrail(app)).filter(({ userId }) => userId === id);
    const count = (type: string) => events.filter((event) => event.type === type).length;
    expect([count('passkey.renamed'), count('passkey.revoked'), count('user.deleted')]).toEqual([10, 1, 1]);
  });

  describe('erasing a user', () => {
    it('removes the person from the refusal of a simultaneous sign-in', async () => {
      const server = await AppServer.create(app);
      const { authenticator } = await server.tenant.register('ada');
      const { id } = await server.find('ada');
      const browser = server.tenant.browser();
      const begun = await browser.beginSignIn();
      let erased: Promise<HttpAnswer> | undefined;
      let finished: Promise<HttpAnswer> | undefined;
      await whileHolding(app, ['select 1 from flex_users where id = $1 for update', id], async () => {
        erased = server.call('DELETE', '/external-users/ada');
        await untilWaiting(app, 'flex-users.lock-to-erase');
        finished = browser.finish('authenticate', begun.answer(authenticator));
        await untilWaiting(app, 'ceremonies.finish-discoverable');
      });
      expect((await erased)!.status).toBe(200);
      expect((await finished)!.status).toBe(401);
      const events = (await auditTrail(app)).filter(({ userId }) => userId === id);
      expect(events.map(({ type }) => type).sort()).toEqual([
        'passkey.refused',
        'passkey.registered',
        'user.deleted',
      ]);
      const nothing = { address: null, userAgent: null, requestId: null };
      for (const event of events.filter(({ type }) => type !== 'user.deleted'))
        expect(event).toMatchObject({ ...nothing, actor: null });
    });

    it('removes the address from refused registrations of their transactions', async () => {
      const server = await AppServer.create(app);
      await server.tenant.register('eve');
      const browser = server.tenant.browser();
      const begun = await browser.beginRegistration(await server.registerTransaction('eve'));
      const foreign = { origin: 'https://evil.example' };
      await browser.finish('register', begun.answer(new SoftwareAuthenticator(), foreign));
      const named = () => count(app, 'audit_events e where position($1 in e::text) > 0', browser.address);
      expect(await named()).toBeGreaterThan(0);
      await server.call('DELETE', '/external-users/eve');
      expect(await named()).toBe(0);
    });

    it('anonymizes an audit trail of any length, with the purge', async () => {
      const server = await AppServer.create(app);
      await server.tenant.register('ada');
      const { id } = await server.find('ada');
      await sql(
        app,
        `insert into audit_events (id, type, app_id, user_id, address)
         select $1 || n, 'passkey.used', $1, $2, '192.0.2.1' from generate_series(1, 25000) n`,
        server.tenant.id,
        id,
      );
      expect((await server.call('DELETE', `/users/${id}`)).status).toBe(200);
      const left = 'audit_events where user_id = $1 and address is not null';
      await app.application.get(PurgeService, { strict: false }).purge();
      expect(await count(app, `${left} and type <> 'user.deleted'`, id)).toBe(0);
      expect(await count(app, 'audit_events where user_id = $1', id)).toBe(25_002);
    });

    it('allows a simultaneous request for a transaction, which then belongs to the new external ID', async () => {
      const user = new TestUser(app);
      await user.registerTransaction();
      const externalIds = async () =>
        (
          await sql<{ id: string }>(
            app,
            'select passage_external_id as id from users where subject = $1',
            user.subject,
          )
        ).map(({ id }) => id);
      const [before] = await externalIds();
      const headers = { authorization: `Bearer ${await anApiKey(app, TEST.appId)}` };
      const url = `/v1/apps/${TEST.appId}/external-users/${before}`;
      let leave: Promise<{ transactionId: string }> | undefined;
      await whileHolding(app, ['lock table apps in access exclusive mode'], async () => {
        leave = user.registerTransaction();
        await untilWaiting(app, 'apps.find');
        expect((await send(app, { method: 'DELETE', url, headers })).status).toBe(200);
      });
      const { transactionId } = (await leave)!;
      const [after] = await externalIds();
      expect(after).not.toBe(before);
      const browser = new Browser(app);
      const begun = await browser.beginRegistration(transactionId);
      (await browser.finish('register', begun.answer(new SoftwareAuthenticator()))).expect();
      expect(await user.passkeys()).toHaveLength(1);
      expect(
        await count(app, 'devices d join flex_users u on u.id = d.user_id where external_id = $1', before),
      ).toBe(0);
    });
  });

  it('lists that read every user do not use up the database connections', async () => {
    const server = await AppServer.create(app);
    await server.tenant.register('ada');
    const lists: Promise<HttpAnswer>[] = [];
    let answered = 0;
    await whileHolding(app, ['lock table flex_users in access exclusive mode'], async () => {
      for (let i = 0; i < 30; i++) {
        const list = server.call('GET', '/users?order_by=status&login_count=<5');
        lists.push(list.finally(() => (answered += 1)));
      }
      // Two lists run, and twenty wait for these.
      await untilWaiting(app, 'flex_users', 2);
      const others = Array.from({ length: 20 }, () => send(app, { url: `/v1/apps/${TEST.appId}` }));
      expect((await Promise.all(others)).map(({ status }) => status)).toEqual(Array(20).fill(200));
      await eventually(() => expect(answered).toBe(8));
      expect(await waiting(app, 'flex_users')).toBe(2);
    });
    const answers = await Promise.all(lists);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(8);
    for (const answer of refused) {
      expect(flexError(answer)).toBe('429 exceeded_attempts');
      expect(answer.headers['retry-after']).toBe('2');
    }
  });
});
