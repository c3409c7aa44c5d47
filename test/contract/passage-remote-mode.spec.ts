import { setTimeout as pause } from 'node:timers/promises';
import { AppServer } from '../support/app-server.js';
import { Browser } from '../support/browser.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { beginRegistration, registerPasskey, signIn, stepUp } from '../support/flows.js';
import { untilWaiting, whileHolding } from '../support/held-lock.js';
import { send } from '../support/http-answer.js';
import { type ListeningProvider, startProvider } from '../support/providers.js';
import { routesOf } from '../support/routes.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { count, sql, TABLES, UNKNOWN_ID } from '../support/tables.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestUser } from '../support/test-user.js';

describe('in remote mode', () => {
  let provider: ListeningProvider;
  let network: TcpProxy;
  let app: TestApp;
  let baseUrl: string;

  beforeAll(async () => {
    provider = await startProvider();
    network = new TcpProxy({ host: '127.0.0.1', port: Number(new URL(provider.settings.baseUrl).port) });
    await network.open();
    baseUrl = `http://127.0.0.1:${network.address.port}/v1`;
    app = await buildApp({ passage: { ...provider.settings, baseUrl } });
  });
  afterAll(async () => {
    await app?.close();
    await network?.cut();
    await provider?.app.close();
  });

  const aUser = () => new TestUser(app, { preferred_username: 'ada' });
  const aUserWithPasskey = () => registerPasskey(aUser(), { browser: new Browser(provider.app) });
  const preflight = (url: string, origin: string) =>
    send(app, {
      method: 'OPTIONS',
      url,
      headers: { origin, 'access-control-request-method': 'GET' },
    });

  describe("the user's API", () => {
    it('directs browsers to the provider', async () => {
      expect(await aUser().registerTransaction()).toEqual({
        transactionId: expect.stringMatching(/^[\w-]{43}$/),
        appId: TEST.appId,
        flexUrl: baseUrl,
      });
    });

    it('lists the passkeys of the provider, with the signals', async () => {
      const { user, authenticator, device } = await aUserWithPasskey();
      const credId = authenticator.credentials[0]!.id.toString('base64url');
      expect(await user.list()).toEqual({
        username: 'ada',
        externalId: expect.any(String) as string,
        passkeys: [device],
        limit: 50,
        lastPasskey: 'warn',
        signals: [
          {
            rpId: TEST.rpId,
            userId: authenticator.credentials[0]!.userId,
            name: 'ada',
            displayName: 'ada',
            allAcceptedCredentialIds: [credId],
          },
        ],
      });
      await user.registerTransaction();
      expect((await user.list()).signals).toEqual([]);
      expect(device).toMatchObject({
        credId,
        lastLoginAt: null,
        usageCount: 0,
        synced: true,
        transports: ['internal', 'hybrid'],
        icons: { light: expect.stringContaining(`${TEST.publicUrl}/icons/passkey/light.svg?v=`) },
      });
    });

    it('signals the names that the registration had: the display name as both, as the protocol has one text', async () => {
      const user = new TestUser(app, { preferred_username: 'ada', name: 'Ada Lovelace' });
      const browser = new Browser(provider.app);
      const { publicKey, answer } = await beginRegistration(user, browser);
      const names = { name: 'Ada Lovelace', displayName: 'Ada Lovelace' };
      expect(publicKey.user).toMatchObject(names);
      (await browser.finish('register', answer(new SoftwareAuthenticator()))).expect();
      expect(await user.list()).toMatchObject({ username: 'ada', signals: [names] });
    });

    it('renames a passkey, and refuses invalid names', async () => {
      const { user, device } = await aUserWithPasskey();
      const renamed = (await user.rename(device.id, '  Zoë’s laptop ')).expect();
      expect(renamed).toMatchObject({ id: device.id, friendlyName: 'Zoë’s laptop' });
      for (const name of ['', ' ', 'x'.repeat(65), 'a\u202eb', 7]) {
        const answer = await user.rename(device.id, name);
        expect({ status: answer.status, body: answer.body }).toMatchObject({
          status: 400,
          body: { code: 'invalid_request' },
        });
      }
      expect(await user.passkeys()).toEqual([renamed]);
    });

    it('revokes a passkey through both routes', async () => {
      const { user, browser, authenticator, device } = await aUserWithPasskey();
      const another = await registerPasskey(user, { browser });
      expect((await user.call('POST', '/user/revokePasskey', { id: device.id })).text).toBe('OK');
      expect((await user.revoke(another.device.id)).status).toBe(204);
      expect(await user.list()).toMatchObject({ passkeys: [], signals: [] });
      const begun = await browser.beginSignIn();
      expect((await browser.finish('authenticate', begun.answer(authenticator))).status).toBe(401);
    });

    it('answers device_not_found for the passkey of another user', async () => {
      const mine = await aUserWithPasskey();
      const other = await aUserWithPasskey();
      for (const user of [other.user, aUser()]) {
        for (const id of [mine.device.id, UNKNOWN_ID]) {
          for (const answer of [await user.revoke(id), await user.rename(id, 'Mine now')]) {
            expect({ status: answer.status, body: answer.body }).toMatchObject({
              status: 404,
              body: { code: 'device_not_found' },
            });
          }
        }
      }
      expect(await mine.user.passkeys()).toEqual([mine.device]);
    });

    it('verifies the nonce of a step-up once, and for its own user alone', async () => {
      const passkey = await aUserWithPasskey();
      const { user } = passkey;
      const other = await aUserWithPasskey();
      const nonce = await stepUp(passkey);
      const proven = (await user.verify(nonce)).expect<{ externalId: string }>();
      expect(proven).toEqual({
        username: 'ada',
        externalId: expect.any(String),
        kind: 'authenticate',
        deviceId: expect.any(String),
      });
      expect((await user.verify(nonce)).status).toBe(401);
      const stolen = await signIn(passkey);
      expect((await other.user.verify(stolen)).status).toBe(401);
      expect((await user.verify(stolen)).status).toBe(401);
      expect(await user.passkeys()).toMatchObject([{ usageCount: 2, lastLoginAt: expect.any(String) }]);
    });

    it('refuses a nonce whose tie is undone while the provider is asked, and uses it up', async () => {
      const passkey = await aUserWithPasskey();
      const nonce = await signIn(passkey);
      const { user } = passkey;
      const asked = await whileHolding(provider.app, ['select 1 from nonces for update'], async () => {
        const answer = user.verify(nonce);
        await untilWaiting(provider.app, 'nonces.consume');
        await sql(app, 'delete from users where subject = $1', user.subject);
        return { answer };
      });
      expect((await asked.answer).as()).toMatchObject({ status: 401, code: 'invalid_nonce' });
      expect((await (await AppServer.own(provider.app)).verify(nonce)).status).toBe(401);
    });

    it('refuses a step-up to a user without a passkey, known to the provider or not', async () => {
      const user = aUser();
      const refused = { status: 409, body: { code: 'user_has_no_passkeys' } };
      const ask = async () => {
        const { status, body } = await user.call('POST', '/user/authenticate-with-passkey');
        return { status, body };
      };
      expect(await ask()).toMatchObject(refused);
      await user.registerTransaction();
      expect(await ask()).toMatchObject(refused);
    });
  });

  describe('the Flex backend', () => {
    it('has no route under /v1', async () => {
      for (const [method, url] of [
        ['GET', '/v1'],
        ['GET', `/v1/apps/${TEST.appId}`],
        ['POST', `/v1/apps/${TEST.appId}/authenticate/transactions/webauthn/start`],
        ['POST', `/v1/apps/${TEST.appId}/transactions/register`],
        ['GET', `/v1/apps/${TEST.appId}/users`],
      ] as const) {
        const answer = await send(app, { method, url, ...(method === 'POST' && { payload: {} }) });
        expect(answer.status).toBe(404);
        expect(answer.body).toEqual({ code: 'invalid_request', error: 'The route does not exist.' });
      }
      const urls = routesOf(app).map(({ url }) => url);
      expect(urls.filter((url) => /^\/(v1|icons)/.test(url))).toEqual([]);
      expect(urls).toContain('/user/devices');
    });

    it('writes to none of its tables', async () => {
      const { user } = await aUserWithPasskey();
      await user.list();
      const filled: string[] = [];
      for (const table of TABLES) if ((await count(app, table)) > 0) filled.push(table);
      expect(filled).toEqual(['users']);
    });
  });

  it('allows only the origins of the provider’s app to call the user’s API', async () => {
    const allowed = await preflight('/user/devices', TEST.origin);
    expect({ status: allowed.status, origin: allowed.headers['access-control-allow-origin'] }).toEqual({
      status: 204,
      origin: TEST.origin,
    });
    for (const [url, origin] of [
      ['/user/devices', 'https://evil.example'],
      ['/health/live', TEST.origin],
      [`/v1/apps/${TEST.appId}`, TEST.origin],
    ] as const) {
      expect((await preflight(url, origin)).headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('logs neither the API key nor transactions and nonces', async () => {
    const passkey = await aUserWithPasskey();
    const nonce = await stepUp(passkey);
    await passkey.user.verify(nonce);
    const log = app.logLines.join('\n');
    const secrets = [provider.settings.apiKey, nonce, passkey.nonce, passkey.transactionId];
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
    expect(log).not.toContain('identifier=');
  });

  // These come last: they leave the circuit open.
  describe('while the provider is down', () => {
    let passkey: Awaited<ReturnType<typeof aUserWithPasskey>>;
    beforeAll(async () => {
      passkey = await aUserWithPasskey();
      await network.cut();
    });

    it('each call that needs it gets 503 with Retry-After', async () => {
      const { user, device } = passkey;
      for (const call of [
        () => user.call('GET', '/user/devices'),
        () => user.rename(device.id, 'Work'),
        () => user.revoke(device.id),
        () => user.call('POST', '/user/revokePasskey', { id: device.id }),
        () => user.call('POST', '/passkey/register'),
        () => user.call('POST', '/user/authenticate-with-passkey'),
        () => user.verify('nonce'),
      ]) {
        const answer = await call();
        expect(answer.status).toBe(503);
        expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
        expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
        expect(answer.body).toEqual({
          type: 'about:blank',
          title: 'The passkey provider is unavailable',
          status: 503,
          code: 'provider_unavailable',
          requestId: expect.any(String),
        });
      }
      const log = app.logLines.join('\n');
      expect(log).toContain('"reason":"provider_unreachable"');
      expect(log).toContain('"reason":"provider_circuit_open"');
      expect(log).toContain('The passkey provider is asked nothing for 10000 ms');
    });

    it('a user who never added a passkey still gets an empty list', async () => {
      expect(await aUser().list()).toEqual({
        username: 'ada',
        externalId: null,
        passkeys: [],
        limit: 50,
        lastPasskey: 'warn',
        signals: [],
      });
    });

    it('the service is still ready', async () => {
      expect((await send(app, { url: '/health/ready' })).status).toBe(200);
    });

    it('the pages of the app can still read responses, 5 s after its origins were last read', async () => {
      await pause(5_000);
      for (let i = 0; i < 2; i++) {
        const answer = await preflight('/user/devices', TEST.origin);
        expect(answer.status).toBe(204);
        expect(answer.headers).toHaveProperty('access-control-allow-origin', TEST.origin);
      }
    });

    it('the service uses the provider again once it is back', async () => {
      await network.open();
      await pause(6_000);
      expect(await passkey.user.passkeys()).toEqual([passkey.device]);
      const lines = app.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
      const told = { level: 30, context: 'RemotePassage', msg: 'The passkey provider answers again' };
      expect(lines).toContainEqual(expect.objectContaining(told));
    });
  });
});
