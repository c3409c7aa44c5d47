import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions } from 'fastify';
import { loadConfiguration } from '../../src/config/load-configuration.js';
import { Browser } from '../support/browser.js';
import { buildAppOn, type TestApp } from '../support/build-app.js';
import { type HttpAnswer, newAddress, send } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { contents } from '../support/tables.js';
import type { TransactionJson, PasskeyListJson } from '../support/test-user.js';

const HOST = 'localhost:3999';
const ORIGIN = `http://${HOST}`;

interface SessionJson {
  readonly token: string;
  readonly username: string;
  readonly expiresAt: string;
}

// The page itself is built from web/ and tested in a browser; here is what the server does of its own.
describe('the demo', () => {
  let directory: string;
  let app: TestApp;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'keyway-demo-'));
    const configuration = demoConfiguration();
    app = await buildAppOn(configuration.database, configuration);
  });
  afterAll(async () => {
    await app?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const demoConfiguration = () => loadConfiguration({ DATA_DIR: directory, PORT: '3999' });
  const ask = (url: string, { headers, ...rest }: InjectOptions = {}) =>
    send(app, { url, remoteAddress: newAddress(), ...rest, headers: { host: HOST, ...headers } });
  const post = (url: string, payload: object, token?: string) =>
    ask(url, { method: 'POST', payload, headers: token ? { authorization: `Bearer ${token}` } : {} });
  const signInAs = async (name: string) => (await post('/demo/sign-in', { name })).expect<SessionJson>();
  const listOf = async ({ token }: SessionJson) =>
    (await ask('/user/devices', { headers: { authorization: `Bearer ${token}` } })).expect<PasskeyListJson>();
  const aBrowser = () => new Browser(app, { appId: 'demo', origin: ORIGIN });
  /** Adds a passkey; its nonce is not verified yet. */
  const addPasskey = async ({ token }: SessionJson, authenticator: SoftwareAuthenticator) => {
    const leave = (await post('/passkey/register', {}, token)).expect<TransactionJson>(201);
    expect(leave).toMatchObject({ appId: 'demo', flexUrl: `${ORIGIN}/v1` });
    const browser = aBrowser();
    const begun = await browser.beginRegistration(leave.transactionId);
    expect(begun.publicKey.rp.id).toBe('localhost');
    const finished = await browser.finish('register', begun.answer(authenticator));
    return finished.expect<{ nonce: string }>().nonce;
  };
  const passkeyNonce = async (authenticator: SoftwareAuthenticator) => {
    const browser = aBrowser();
    const begun = await browser.beginSignIn();
    const finished = await browser.finish('authenticate', begun.answer(authenticator));
    return finished.expect<{ nonce: string }>().nonce;
  };

  it('needs no settings, and runs on localhost', async () => {
    expect((await ask('/demo/app')).expect()).toEqual({ appId: 'demo', flexUrl: `${ORIGIN}/v1` });
    expect(app.configuration.demo).not.toBeNull();
  });

  it('signs in any user by name, with a token that is valid for 15 minutes', async () => {
    const session = await signInAs('  Ada Lovelace ');
    expect(session.username).toBe('Ada Lovelace');
    const lasts = Date.parse(session.expiresAt) - Date.now();
    expect(lasts).toBeGreaterThan(14 * 60_000);
    expect(lasts).toBeLessThanOrEqual(15 * 60_000);
    expect(await listOf(session)).toEqual({
      username: 'Ada Lovelace',
      externalId: null,
      passkeys: [],
      limit: 50,
      lastPasskey: 'warn',
      signals: [],
    });
  });

  it.each([
    [{}],
    [{ name: '' }],
    [{ name: ' ' }],
    [{ name: 'a\u0000b' }],
    [{ name: 7 }],
    [{ name: 'x'.repeat(65) }],
    [{ name: 'a', admin: true }],
  ])('refuses the name %j', async (body) => {
    expectProblem(await post('/demo/sign-in', body), 400, 'invalid_request');
  });

  it('signs in with a passkey, without a name, as the user who owns it', async () => {
    const ada = await signInAs('Ada');
    const authenticator = new SoftwareAuthenticator();
    await addPasskey(ada, authenticator);
    await addPasskey(await signInAs('Grace'), new SoftwareAuthenticator());
    const session = (
      await post('/demo/sign-in/passkey', { nonce: await passkeyNonce(authenticator) })
    ).expect<SessionJson>();
    expect(session.username).toBe('Ada');
    const { passkeys } = await listOf(session);
    expect(passkeys).toMatchObject([
      { credId: authenticator.credentials[0]!.id.toString('base64url'), usageCount: 1 },
    ]);
  });

  it('refuses a spent nonce, the nonce of a registration, and an unknown nonce', async () => {
    const authenticator = new SoftwareAuthenticator();
    const ofRegistration = await addPasskey(await signInAs('Hedy'), authenticator);
    const spent = await passkeyNonce(authenticator);
    (await post('/demo/sign-in/passkey', { nonce: spent })).expect();
    for (const nonce of [ofRegistration, spent, 'A'.repeat(43)]) {
      expectProblem(await post('/demo/sign-in/passkey', { nonce }), 401, 'invalid_nonce');
    }
  });

  it.each([
    'evil.example',
    'evil.example:3999',
    'localhost.evil.example',
    '192.0.2.1:3999',
    '0.0.0.0:3999',
    'localhost:3999.evil.example',
  ])('refuses requests to the host name %s', async (host) => {
    const before = await contents(app);
    const headers = { host };
    expectProblem(await ask('/demo/app', { headers }), 421, 'misdirected_request');
    expectProblem(await ask('/', { headers: { host, accept: 'text/html' } }), 421, 'misdirected_request');
    const payload = { name: 'Ada' };
    expectProblem(
      await ask('/demo/sign-in', { method: 'POST', payload, headers }),
      421,
      'misdirected_request',
    );
    const flex = await ask('/v1/apps/demo', { headers });
    expect([flex.status, flex.body]).toMatchObject([421, { code: 'invalid_request' }]);
    expect(await contents(app)).toEqual(before);
  });

  it.each(['127.0.0.1:3999', '127.0.0.1', '[::1]:3999'])(
    'redirects pages, and only pages, from %s to localhost',
    async (host) => {
      for (const [url, target] of [
        ['/', `${ORIGIN}/`],
        ['/?a=b', `${ORIGIN}/?a=b`],
        ['//evil.example/', `${ORIGIN}//evil.example/`],
      ] as const) {
        const page = await ask(url, { headers: { host, accept: 'text/html,*/*' } });
        expect([page.status, page.headers.location]).toEqual([302, target]);
      }
      expect((await ask('/demo/app', { headers: { host } })).status).toBe(200);
    },
  );

  it('allows only its own pages to call it from a browser', async () => {
    const allowedFor = async (origin: string) => {
      const preflight = { origin, 'access-control-request-method': 'GET' };
      const answer = await ask('/user/devices', { method: 'OPTIONS', headers: preflight });
      return answer.headers['access-control-allow-origin'];
    };
    expect(await allowedFor(ORIGIN)).toBe(ORIGIN);
    expect(await allowedFor('http://127.0.0.1:3999')).toBeUndefined();
    expect(await allowedFor('http://localhost:4000')).toBeUndefined();
  });

  it('keeps users, passkeys and sessions after a restart', async () => {
    const session = await signInAs('Katherine');
    const authenticator = new SoftwareAuthenticator();
    await addPasskey(session, authenticator);
    const before = await listOf(session);
    await app.close();
    const configuration = demoConfiguration();
    app = await buildAppOn(configuration.database, configuration);
    expect(await listOf(session)).toEqual(before);
    const again = await post('/demo/sign-in/passkey', { nonce: await passkeyNonce(authenticator) });
    expect(again.expect<SessionJson>().username).toBe('Katherine');
  });

  it('does not start on a network that others can reach', () => {
    expect(() => loadConfiguration({ DATA_DIR: directory, PORT: '3999', HOST: '0.0.0.0' })).toThrow(
      /unset HOST/,
    );
  });
});

function expectProblem(answer: HttpAnswer, status: number, code: string): void {
  expect([answer.status, answer.body]).toMatchObject([
    status,
    { status, code, requestId: expect.any(String) as string },
  ]);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
}
