import type { InjectOptions } from 'fastify';
import { Browser } from '../support/browser.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { flexError } from '../support/flex-error.js';
import { registerPasskey } from '../support/flows.js';
import { newAddress, send } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { contents, insertApp } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

const CEREMONIES = ['register', 'authenticate'].flatMap((kind) =>
  ['start', 'finish'].map((step) => `/${kind}/transactions/webauthn/${step}`),
);
const SIGN_IN = '/authenticate/transactions/webauthn/start';

describe('a request that a page sends without a CORS preflight', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  const ask = (path: string, request: Partial<InjectOptions> = {}, appId: string = TEST.appId) =>
    send(app, { method: 'POST', url: `/v1/apps/${appId}${path}`, remoteAddress: newAddress(), ...request });
  const asText = (payload: string, type = 'text/plain') => ({ headers: { 'content-type': type }, payload });

  it('runs both ceremonies, as the browser SDK 0.1.3 does: with JSON as text/plain, or without a body', async () => {
    const browser = new Browser(app, { sdk: '0.1.3' });
    const user = new TestUser(app);
    const authenticator = new SoftwareAuthenticator();
    const { transactionId } = await user.registerTransaction();
    const registration = await browser.beginRegistration(transactionId);
    const registered = await browser.finish('register', registration.answer(authenticator));
    expect(registered.expect()).toEqual({ nonce: expect.any(String) as string });
    const signIn = await browser.beginSignIn();
    const signedIn = await browser.finish('authenticate', signIn.answer(authenticator));
    expect(signedIn.expect()).toEqual({ nonce: expect.any(String) as string });
  });

  it.each(['text/plain', 'TEXT/Plain', 'text/plain; charset=utf-8', 'text/plain;charset="UTF-8"'])(
    'is read as JSON where it says %s',
    async (type) => {
      expect((await ask(SIGN_IN, asText('{}', type))).status).toBe(200);
      expect(flexError(await ask(SIGN_IN, asText('{"transaction_id":"none"}', type)))).toBe(
        '404 transaction_not_found',
      );
      for (const path of CEREMONIES) {
        for (const malformed of ['a=b', '{', '[]', 'null', '{"a":"\\u0000"}', '{"__proto__":1}', '\u0000']) {
          expect(flexError(await ask(path, asText(malformed, type)))).toBe('400 invalid_request');
        }
        expect(flexError(await ask(path, asText('x'.repeat(70_000), type)))).toBe('413 invalid_request');
      }
    },
  );

  it.each([
    'text/plain; charset=iso-8859-1',
    'text/plain; charset=utf-16',
    'text/plain; charset=utf-8; charset=utf-16',
    'text/plainer',
    'text/html',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ])('is refused with 415 where it says %s', async (type) => {
    for (const path of CEREMONIES) {
      expect(flexError(await ask(path, asText('{}', type)))).toBe('415 invalid_request');
    }
  });

  it('has nothing but what a missing body means: a discoverable start, or what has to be there', async () => {
    for (const request of [{}, asText(''), { headers: { 'content-length': '0' } }]) {
      expect((await ask(SIGN_IN, request)).status).toBe(200);
      for (const path of CEREMONIES.filter((it) => it !== SIGN_IN)) {
        const answer = await ask(path, request);
        expect(flexError(answer)).toBe('400 invalid_request');
        expect(answer.as<{ error: string }>().error).toMatch(/^(transaction_id|handshake_id) must/);
      }
    }
  });

  it('is read on the four ceremony routes alone', async () => {
    const authorization = `Bearer ${await new TestUser(app).token()}`;
    const others = ['/v1/apps/shop/transactions/register', '/passkey/verify', '/user/revokePasskey'];
    for (const url of others) {
      const { headers, payload } = asText('{}');
      const answer = await ask('', { url, headers: { ...headers, authorization }, payload });
      expect([401, 415]).toContain(answer.status);
      const bare = await ask('', { url, headers: { authorization } });
      expect([400, 401]).toContain(bare.status);
    }
  });

  describe('from another page', () => {
    const FOREIGN = [
      'https://evil.example',
      'https://blog.shop.example',
      'http://shop.example',
      'https://shop.example:444',
      'https://SHOP.example',
      'https://shop.example, https://evil.example',
      'null',
      '',
    ];

    it.each(FOREIGN)('is refused with 403 before its body is read: %j', async (origin) => {
      for (const path of CEREMONIES) {
        for (const { headers, payload } of [
          asText('{}'),
          asText('{'),
          asText('{}', 'a/b'),
          asText('x'.repeat(70_000)),
        ]) {
          const answer = await ask(path, { headers: { ...headers, origin }, payload });
          expect(flexError(answer)).toBe('403 operation_not_allowed');
          expect(answer.headers['access-control-allow-origin']).toBeUndefined();
        }
      }
    });

    it('is refused where the page finishes what another page began, and nothing is stored or spent', async () => {
      const { authenticator } = await registerPasskey(new TestUser(app));
      const own = new Browser(app);
      const body = (await own.beginSignIn()).answer(authenticator);
      const before = await contents(app);
      const evil = new Browser(app, { origin: 'https://evil.example', sdk: '0.1.3' });
      expect(flexError(await evil.finish('authenticate', body))).toBe('403 operation_not_allowed');
      expect(await contents(app)).toEqual(before);
      expect((await own.finish('authenticate', body)).status).toBe(200);
    });

    it('is refused where the path is percent-encoded, and where the page is of another app', async () => {
      await insertApp(app, { id: 'other', rpId: 'other.example', origin: 'https://other.example' });
      const foreign = { headers: { origin: 'https://other.example' } };
      for (const id of [TEST.appId, '%73hop', 'sho%70']) {
        expect(flexError(await ask(SIGN_IN, foreign, id))).toBe('403 operation_not_allowed');
        expect((await ask(SIGN_IN, { headers: { origin: TEST.origin } }, id)).status).toBe(200);
      }
      expect((await ask(SIGN_IN, foreign, 'other')).status).toBe(200);
      expect(flexError(await ask(SIGN_IN, foreign, 'unknown'))).toBe('404 app_not_found');
    });

    it('counts apart for apps that do not exist, too', async () => {
      const remoteAddress = newAddress();
      const headers = { origin: 'https://evil.example' };
      for (let i = 0; i < 140; i++) {
        expect((await ask(SIGN_IN, { remoteAddress, headers }, `unknown-${i}`)).status).toBe(404);
      }
      expect((await ask(SIGN_IN, { remoteAddress, headers: { origin: TEST.origin } })).status).toBe(200);
    });

    it('counts apart, so that it does not use up what the network may ask of the app', async () => {
      const remoteAddress = newAddress();
      const from = (origin: string) => ask(SIGN_IN, { remoteAddress, headers: { origin } });
      expect((await from(TEST.origin)).status).toBe(200);
      const answers = await Promise.all(Array.from({ length: 300 }, () => from('https://evil.example')));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
      const beyond = await from('https://evil.example');
      expect(flexError(beyond)).toBe('429 exceeded_attempts');
      expect(Number(beyond.headers['retry-after'])).toBeGreaterThan(0);
      expect((await from(TEST.origin)).status).toBe(200);
    });
  });

  it('passes without an Origin, as native clients send it', async () => {
    expect((await ask(SIGN_IN, asText('{}'))).status).toBe(200);
    expect((await ask(SIGN_IN)).status).toBe(200);
  });
});
