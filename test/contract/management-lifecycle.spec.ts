import { anApiKey, AppServer, type UserJson } from '../support/app-server.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { flexError } from '../support/flex-error.js';
import { registerPasskey } from '../support/flows.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { auditTrail, contents, count, sql } from '../support/tables.js';
import { type HttpAnswer, send } from '../support/http-answer.js';
import { TestUser } from '../support/test-user.js';
import { exportRows, importRows } from '../support/transfer.js';

type SignalledUserJson = UserJson & {
  readonly user_handle: string;
  readonly signal_user_handles: readonly string[];
};

describe('a user of the management side', () => {
  let app: TestApp;
  let server: AppServer;
  beforeAll(async () => {
    app = await buildApp();
    server = await AppServer.create(app);
  });
  afterAll(() => app?.close());

  let users = 0;
  /** A user with a passkey, and with every ceremony under way that there is. */
  const aBusyUser = async () => {
    const externalId = `user-${++users}`;
    const { authenticator, nonce } = await server.tenant.register(externalId);
    const browser = server.tenant.browser();
    const transactions = {
      register: await server.registerTransaction(externalId),
      authenticate: await server.authenticateTransaction(externalId),
    };
    const begun = {
      register: await browser.beginRegistration(await server.registerTransaction(externalId)),
      authenticate: await browser.beginSignIn(await server.authenticateTransaction(externalId)),
      discoverable: await browser.beginSignIn(),
    };
    const { id } = await server.find(externalId);
    return { externalId, id, authenticator, nonce, browser, transactions, begun };
  };
  type BusyUser = Awaited<ReturnType<typeof aBusyUser>>;
  /** The outcome of everything a user can go on with, each tried once. */
  const outcomes = async (
    { externalId, authenticator, nonce, browser, transactions, begun }: BusyUser,
    { atOnce = false } = {},
  ) => {
    const body = { external_id: externalId, passkey_display_name: 'x' };
    const answers = {
      createRegister: () => server.call('POST', '/transactions/register', body),
      createAuthenticate: () => server.call('POST', '/transactions/authenticate', body),
      startRegister: () => browser.post('register', 'start', { transaction_id: transactions.register }),
      startAuthenticate: () =>
        browser.post('authenticate', 'start', { transaction_id: transactions.authenticate }),
      finishRegister: () => browser.finish('register', begun.register.answer(new SoftwareAuthenticator())),
      finishAuthenticate: () => browser.finish('authenticate', begun.authenticate.answer(authenticator)),
      finishDiscoverable: () => browser.finish('authenticate', begun.discoverable.answer(authenticator)),
      verify: () => server.verify(nonce),
    };
    const tell = async (ask: () => Promise<HttpAnswer>) => {
      const answer = await ask();
      return answer.status < 300 ? String(answer.status) : flexError(answer);
    };
    const told: Record<string, string> = {};
    const each = Object.entries(answers).map(
      ([name, ask]) =>
        async () =>
          (told[name] = await tell(ask)),
    );
    if (atOnce) await Promise.all(each.map((go) => go()));
    else for (const go of each) await go();
    return told;
  };

  describe('when deactivated', () => {
    it.each(['/users', '/external-users'])(
      'by PATCH %s has the new status, and every other member unchanged',
      async (noun) => {
        const user = await aBusyUser();
        const path = `${noun}/${noun === '/users' ? user.id : user.externalId}`;
        for (const status of ['inactive', 'pending', 'active']) {
          const before = await server.user<SignalledUserJson>(user.externalId);
          const answer = await server.call('PATCH', path, {
            status,
            id: 'x',
            external_id: 'x',
            login_count: 99,
          });
          const changed = answer.expect<{ user: SignalledUserJson }>().user;
          // The transactions of an inactive user are void once they are active: none keeps their signals back then.
          const signals = before.status === 'inactive' ? [changed.user_handle] : before.signal_user_handles;
          expect(changed).toEqual({
            ...before,
            status,
            updated_at: changed.updated_at,
            signal_user_handles: signals,
          });
          expect(changed.updated_at > before.updated_at).toBe(true);
          expect(await server.user(user.externalId)).toEqual(changed);
        }
      },
    );

    it.each<unknown>([undefined, null, '', 'ACTIVE', 'deleted', 7, ['active'], { status: 'active' }])(
      'is refused the status %p',
      async (status) => {
        const { id } = await aBusyUser();
        const before = await contents(app);
        expect(flexError(await server.call('PATCH', `/users/${id}`, { status }))).toBe('400 invalid_request');
        expect(await contents(app)).toEqual(before);
      },
    );

    it('cannot start or finish a ceremony, and their nonces are void', async () => {
      const user = await aBusyUser();
      (await server.call('PATCH', `/users/${user.id}`, { status: 'inactive' })).expect();
      const before = await server.user<Partial<UserJson>>(user.externalId);
      const inactive = '403 user_not_active';
      expect(await outcomes(user)).toEqual({
        createRegister: '403 cannot_create_transaction',
        createAuthenticate: '403 cannot_create_transaction',
        startRegister: inactive,
        startAuthenticate: inactive,
        finishRegister: inactive,
        finishAuthenticate: inactive,
        finishDiscoverable: inactive,
        verify: '401 invalid_nonce',
      });
      const after = await server.user<Partial<UserJson> & { recent_events?: unknown }>(user.externalId);
      delete after.recent_events;
      expect(before).toMatchObject(after);
    });

    it('can start new ceremonies once reactivated, but cannot use earlier transactions and nonces', async () => {
      const user = await aBusyUser();
      (await server.call('PATCH', `/users/${user.id}`, { status: 'inactive' })).expect();
      await outcomes({ ...user, nonce: 'x' });
      (await server.call('PATCH', `/external-users/${user.externalId}`, { status: 'active' })).expect();
      const again = await outcomes(user);
      expect(again).toEqual({
        createRegister: '201',
        createAuthenticate: '201',
        startRegister: '404 transaction_not_found',
        startAuthenticate: '404 transaction_not_found',
        finishRegister: '404 transaction_not_found',
        finishAuthenticate: '404 transaction_not_found',
        finishDiscoverable: '200',
        verify: '401 invalid_nonce',
      });
      const nonce = await server.tenant.signIn(user.authenticator);
      expect((await server.verify(nonce)).status).toBe(200);
    });

    it('loses nothing when set active while active, even if another user is deactivated', async () => {
      const [user, witness] = [await aBusyUser(), await aBusyUser()];
      for (const status of ['active', 'pending', 'active'])
        (await server.call('PATCH', `/users/${user.id}`, { status })).expect();
      for (const status of ['inactive', 'active'])
        (await server.call('PATCH', `/users/${witness.id}`, { status })).expect();
      expect(new Set(Object.values(await outcomes(user)))).toEqual(new Set(['200', '201']));
    });

    it('can still have their passkeys listed and revoked', async () => {
      const { id, externalId } = await aBusyUser();
      (await server.call('PATCH', `/users/${id}`, { status: 'inactive' })).expect();
      const [device] = await server.devices(externalId);
      expect((await server.call('DELETE', `/users/${id}/devices/${device!.id}`)).status).toBe(200);
    });
  });

  describe('when erased', () => {
    const TABLES_OF_PEOPLE = ['devices', 'transactions', 'nonces'];

    it.each(['/users', '/external-users'])(
      'by DELETE %s is deleted with all their rows: 200 without a body',
      async (noun) => {
        const user = await aBusyUser();
        const witness = await aBusyUser();
        const answer = await server.call(
          'DELETE',
          `${noun}/${noun === '/users' ? user.id : user.externalId}`,
        );
        expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([200, '', '0']);
        for (const table of TABLES_OF_PEOPLE) {
          expect(await count(app, `${table} where user_id = $1`, user.id)).toBe(0);
          expect(await count(app, `${table} where user_id = $1`, witness.id)).toBeGreaterThan(0);
        }
        expect(
          await count(app, 'flex_users where id = $1 or external_id = $2', user.id, user.externalId),
        ).toBe(0);
        expect((await server.list(`?identifier=${user.externalId}`)).users).toEqual([]);
        for (const path of [`/users/${user.id}`, `/external-users/${user.externalId}`]) {
          expect(flexError(await server.call('GET', path))).toBe('404 user_not_found');
          expect(flexError(await server.call('DELETE', path))).toBe('404 user_not_found');
        }
      },
    );

    it('cannot finish a ceremony that was begun', async () => {
      const user = await aBusyUser();
      await server.call('DELETE', `/users/${user.id}`);
      const { createRegister, createAuthenticate, ...begun } = await outcomes({
        ...user,
        externalId: user.externalId,
      });
      expect([createRegister, createAuthenticate]).toEqual(['201', '409 user_has_no_passkeys']);
      expect(begun).toEqual({
        startRegister: '404 transaction_not_found',
        startAuthenticate: '404 transaction_not_found',
        finishRegister: '404 transaction_not_found',
        finishAuthenticate: '401 webauthn_login_failed',
        finishDiscoverable: '401 discoverable_login_failed',
        verify: '401 invalid_nonce',
      });
      const successor = await server.find(user.externalId);
      expect(successor.id).not.toBe(user.id);
    });

    it('stays in the audit trail without actor and address, and the erasure names the server’s key', async () => {
      const user = await aBusyUser();
      const witness = await aBusyUser();
      const wrong = await user.browser.beginSignIn(user.transactions.authenticate);
      await user.browser.finish(
        'authenticate',
        wrong.answer(user.authenticator, { origin: 'https://evil.example' }),
      );
      const [device] = await server.devices(user.externalId);
      const ofUser = async (id: string) => (await auditTrail(app)).filter(({ userId }) => userId === id);
      const [before, unrelated] = [await ofUser(user.id), await ofUser(witness.id)];
      expect(before.map(({ type }) => type)).toEqual(['passkey.registered', 'passkey.refused']);
      expect(before[0]).toMatchObject({ userAgent: 'Keyway tests', address: expect.any(String) as string });
      await server.call('DELETE', `/users/${user.id}`);
      const after = await ofUser(user.id);
      expect(after.slice(0, -1)).toEqual(
        before.map((event) => ({ ...event, actor: null, address: null, userAgent: null, requestId: null })),
      );
      expect(after.at(-1)).toMatchObject({
        type: 'user.deleted',
        appId: server.tenant.id,
        userId: user.id,
        actor: `key:${server.key.slice(3, 15)}`,
      });
      expect(after[0]).toMatchObject({ deviceId: device!.id, appId: server.tenant.id });
      expect(await ofUser(witness.id)).toEqual(unrelated);
    });

    it('leaves a credential that any user can register again, but that no import can restore', async () => {
      const credentialId = Buffer.alloc(32, 99);
      const { authenticator } = await server.tenant.register('leaver', { credentialId });
      const appId = server.tenant.id;
      const lines = (await exportRows(app, appId)).filter((row) => row.external_id === 'leaver');
      expect(lines.map(({ type }) => type)).toEqual(['user', 'passkey']);
      await server.call('DELETE', '/external-users/leaver');
      const refused = { refused: 1, refusals: [{ code: 'credential_revoked' }] };
      expect(await importRows(app, lines, { appId })).toMatchObject(refused);
      expect(await server.devices('leaver')).toEqual([]);
      const buried = `tombstones where app_id = $1 and credential_hash = sha256($2)`;
      expect(await count(app, buried, server.tenant.id, credentialId)).toBe(1);
      await expect(server.tenant.signIn(authenticator)).rejects.toThrow(/401/);
      const heir = await server.tenant.register('heir', { credentialId });
      expect(await server.devices('heir')).toHaveLength(1);
      await server.tenant.signIn(heir.authenticator);
      expect(await count(app, buried, appId, credentialId)).toBe(0);
    });

    it('leaves a tombstone for a device without a key', async () => {
      const credentialId = Buffer.alloc(32, 98);
      const { externalId, id } = await aBusyUser();
      await sql(
        app,
        `insert into legacy_devices (app_id, id, user_id, credential_id, friendly_name) values ($1, 'd', $2, $3, 'x')`,
        server.tenant.id,
        id,
        credentialId,
      );
      await server.call('DELETE', `/external-users/${externalId}`);
      expect(await count(app, 'legacy_devices where app_id = $1', server.tenant.id)).toBe(0);
      const buried = 'tombstones where app_id = $1 and credential_hash = sha256($2)';
      expect(await count(app, buried, server.tenant.id, credentialId)).toBe(1);
    });

    it('can register again under the same external ID as a new user', async () => {
      const { externalId } = await aBusyUser();
      const before = await server.user<UserJson & { user_handle: string }>(externalId);
      await server.call('DELETE', `/external-users/${externalId}`);
      await server.tenant.register(externalId);
      const after = await server.user<UserJson & { user_handle: string; recent_events: unknown[] }>(
        externalId,
      );
      expect(after.id).not.toBe(before.id);
      expect(after.user_handle).not.toBe(before.user_handle);
      expect(after).toMatchObject({ login_count: 0, recent_events: [{ type: 'passkey.registered' }] });
    });

    it('during simultaneous ceremonies causes no 5xx and leaves no row', async () => {
      for (let round = 0; round < 15; round++) {
        const user = await aBusyUser();
        const [told, erased] = await Promise.all([
          outcomes(user, { atOnce: true }),
          server.call('DELETE', `/users/${user.id}`),
          server
            .registerTransaction(user.externalId)
            .catch((error: Error) => expect(error.message).toMatch(/404/)),
        ]);
        expect(erased.status).toBe(200);
        expect(Object.values(told).filter((it) => /^5/.test(it))).toEqual([]);
        for (const table of TABLES_OF_PEOPLE) {
          expect(await count(app, `${table} where user_id = $1`, user.id)).toBe(0);
        }
      }
    }, 60_000);

    it('in the app of the service is also erased from the user’s API, and can start again', async () => {
      const user = new TestUser(app, { name: 'Ada Lovelace' });
      const authenticator = new SoftwareAuthenticator();
      await registerPasskey(user, { authenticator });
      await user.list();
      const [row] = await sql<{ id: string }>(
        app,
        'select passage_external_id as id from users where subject = $1',
        user.subject,
      );
      const headers = { authorization: `Bearer ${await anApiKey(app, TEST.appId)}` };
      const url = `/v1/apps/${TEST.appId}/external-users/${row!.id}`;
      expect((await send(app, { method: 'DELETE', url, headers })).status).toBe(200);
      expect(await count(app, 'users where subject = $1', user.subject)).toBe(0);
      expect(await count(app, 'users u where position($1 in u::text) > 0', 'Ada Lovelace')).toBe(0);
      expect(await user.list()).toMatchObject({ passkeys: [] });
      const { device } = await registerPasskey(user);
      expect(device).toBeDefined();
      expect(await user.passkeys()).toStrictEqual([device]);
    });
  });
});
