import { setTimeout as pause } from 'node:timers/promises';
import { expectedApp } from '../support/app-json.js';
import { TransactionsService } from '../../src/flex/transactions/transactions.service.js';
import { Browser } from '../support/browser.js';
import { aReplicaOf, buildApp, TEST, type TestApp } from '../support/build-app.js';
import { beginRegistration, registerPasskey, signIn, stepUp } from '../support/flows.js';
import { type HttpAnswer, newAddress, send } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import {
  changeApp,
  contents,
  contentsButTrail,
  flexUserIdOf,
  shuffleCreation,
  sql,
} from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

const BASE64URL_256_BIT = /^[A-Za-z0-9_-]{43}$/;
/** 43 characters of base64url, in base64url. */
const USER_ID = /^[A-Za-z0-9_-]{58}$/;
const text = (pattern: RegExp | StringConstructor): string =>
  (pattern instanceof RegExp ? expect.stringMatching(pattern) : expect.any(pattern)) as string;

describe("the protocol's browser side", () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  const aUser = () => new TestUser(app);
  const registerTransaction = async () => (await aUser().registerTransaction()).transactionId;

  describe('GET /v1/apps/{app}', () => {
    it('returns every member that typed SDKs read', async () => {
      const answer = await send(app, { url: `/v1/apps/${TEST.appId}` });
      expect(answer.status).toBe(200);
      expect(answer.body).toStrictEqual({
        app: expectedApp({ id: TEST.appId, name: 'The Shop', rpId: TEST.rpId, origins: [TEST.origin] }),
      });
    });

    it('ignores the key that old servers send with the request', async () => {
      const answer = await send(app, {
        url: `/v1/apps/${TEST.appId}`,
        headers: { authorization: 'Bearer whatever' },
      });
      expect(answer.status).toBe(200);
    });

    it.each(['unknown', 'SHOP', 'a'.repeat(65), 'a%20b', '%00'])(
      'answers app_not_found for the app %s',
      async (id) => {
        expectFlexError(await send(app, { url: `/v1/apps/${id}` }), 404, 'app_not_found');
      },
    );
  });

  describe('starting a registration', () => {
    it('answers with the creation options of the app and the user', async () => {
      const user = new TestUser(app, { name: 'Ada' });
      const { transactionId } = await user.registerTransaction();
      const answer = await new Browser(app).post('register', 'start', { transaction_id: transactionId });
      expect(answer.status).toBe(200);
      expect(answer.body).toStrictEqual({
        transaction_id: transactionId,
        handshake: {
          id: text(String),
          challenge: {
            publicKey: {
              rp: { id: TEST.rpId, name: 'The Shop' },
              user: { id: text(USER_ID), name: 'Ada', displayName: 'Ada' },
              challenge: text(BASE64URL_256_BIT),
              pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
              timeout: 300_000,
              excludeCredentials: [],
              authenticatorSelection: {
                residentKey: 'required',
                requireResidentKey: true,
                userVerification: 'required',
              },
              attestation: 'none',
              extensions: { credProps: true },
            },
          },
        },
      });
    });

    it.each([
      ['platform', 'platform'],
      ['cross-platform', 'cross-platform'],
      ['any', undefined],
      [null, undefined],
      [undefined, undefined],
    ])('passes the attachment %s of the browser on', async (wish, asked) => {
      const begun = await new Browser(app).beginRegistration(await registerTransaction(), {
        authenticator_attachment: wish,
      });
      expect(begun.publicKey.authenticatorSelection!.authenticatorAttachment).toBe(asked);
    });

    it('refuses an unknown attachment', async () => {
      const body = { transaction_id: await registerTransaction(), authenticator_attachment: 'usb' };
      expectFlexError(await new Browser(app).post('register', 'start', body), 400, 'invalid_request');
    });

    it('excludes the passkeys of the user, so that none is registered twice', async () => {
      const user = aUser();
      const { authenticator, device, browser } = await registerPasskey(user);
      const begun = await beginRegistration(user, browser);
      expect(begun.publicKey.excludeCredentials).toEqual([
        { id: device.credId, type: 'public-key', transports: ['internal', 'hybrid'] },
      ]);
      expect(() => begun.answer(authenticator)).toThrow(
        expect.objectContaining({ name: 'InvalidStateError' }) as Error,
      );
    });

    it('returns the same user handle and another challenge in every ceremony of a user', async () => {
      const user = aUser();
      const { transactionId } = await user.registerTransaction();
      const begun = [1, 2, 3].map(() => new Browser(app).beginRegistration(transactionId));
      const options = (await Promise.all(begun)).map(({ publicKey }) => publicKey);
      expect(new Set(options.map(({ user: { id } }) => id)).size).toBe(1);
      expect(new Set(options.map(({ challenge }) => challenge)).size).toBe(3);
    });

    it('changes no row, nor does starting a sign-in', async () => {
      const transactionId = await registerTransaction();
      const before = await contents(app);
      await new Browser(app).beginRegistration(transactionId);
      await new Browser(app).beginSignIn();
      expect(await contents(app)).toEqual(before);
    });
  });

  describe('starting a sign-in', () => {
    it('names no passkey and no transaction in a discoverable one', async () => {
      const answer = await new Browser(app).post('authenticate', 'start', {});
      expect(answer.status).toBe(200);
      expect(answer.body).toStrictEqual({
        handshake: {
          id: text(String),
          challenge: {
            publicKey: {
              challenge: text(BASE64URL_256_BIT),
              rpId: TEST.rpId,
              timeout: 300_000,
              userVerification: 'required',
            },
          },
        },
      });
    });

    it('names the passkey that was used last first, and then the oldest', async () => {
      const user = aUser();
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) ids.push((await registerPasskey(user)).device.id);
      const used = await registerPasskey(user);
      const oldestFirst = await shuffleCreation(app, 'devices', ids);
      await signIn(used);
      const { transactionId } = await user.authenticateTransaction();
      const { publicKey } = await new Browser(app).beginSignIn(transactionId);
      const credIds = new Map((await user.passkeys()).map(({ id, credId }) => [id, credId]));
      const expected = [used.device.id, ...oldestFirst].map((id) => credIds.get(id));
      expect(publicKey.allowCredentials!.map(({ id }) => id)).toEqual(expected);
    });

    it('names the transaction and exactly the passkeys of its user', async () => {
      const user = aUser();
      const first = await registerPasskey(user);
      const second = await registerPasskey(user, { traits: { transports: null } });
      await registerPasskey(aUser());
      const { transactionId } = await user.authenticateTransaction();
      const answer = await new Browser(app).post('authenticate', 'start', { transaction_id: transactionId });
      expect(answer.body).toMatchObject({
        transaction_id: transactionId,
        handshake: {
          challenge: {
            publicKey: {
              allowCredentials: [
                { id: first.device.credId, type: 'public-key', transports: ['internal', 'hybrid'] },
                { id: second.device.credId, type: 'public-key' },
              ],
            },
          },
        },
      });
    });

    it('accepts null for an absent transaction', async () => {
      const answer = await new Browser(app).post('authenticate', 'start', { transaction_id: null });
      expect(answer.status).toBe(200);
      expect(answer.body).not.toHaveProperty('transaction_id');
    });
  });

  describe('a transaction id', () => {
    it.each([
      ['empty', ''],
      ['blank', ' '],
      ['unknown', 'A'.repeat(43)],
    ])('that is %s is refused at every step, and is never treated as absent', async (_, transaction_id) => {
      const passkey = await registerPasskey(aUser());
      const { browser } = passkey;
      const discoverable = await browser.beginSignIn();
      const registration = await browser.beginRegistration(await registerTransaction());
      const before = await contentsButTrail(app);
      const answers = [
        await browser.post('register', 'start', { transaction_id }),
        await browser.post('authenticate', 'start', { transaction_id }),
        await browser.finish('authenticate', {
          ...discoverable.answer(passkey.authenticator),
          transaction_id,
        }),
        await browser.finish('register', {
          ...registration.answer(new SoftwareAuthenticator()),
          transaction_id,
        }),
      ];
      for (const answer of answers) expectFlexError(answer, 404, 'transaction_not_found');
      expect(await contentsButTrail(app)).toEqual(before);
    });

    it('that is spent is refused at another start too', async () => {
      const passkey = await registerPasskey(aUser());
      const { browser, transactionId } = passkey;
      const registered = await browser.post('register', 'start', { transaction_id: transactionId });
      expectFlexError(registered, 404, 'transaction_not_found');
      const leave = await passkey.user.authenticateTransaction();
      const begun = await browser.beginSignIn(leave.transactionId);
      await browser.finish('authenticate', begun.answer(passkey.authenticator));
      const again = await browser.post('authenticate', 'start', { transaction_id: leave.transactionId });
      expectFlexError(again, 404, 'transaction_not_found');
    });

    it('of the other kind is refused', async () => {
      const { browser, user } = await registerPasskey(aUser());
      const [register, authenticate] = [
        await user.registerTransaction(),
        await user.authenticateTransaction(),
      ];
      const answers = [
        await browser.post('authenticate', 'start', { transaction_id: register.transactionId }),
        await browser.post('register', 'start', { transaction_id: authenticate.transactionId }),
      ];
      for (const answer of answers) expectFlexError(answer, 404, 'transaction_not_found');
    });

    it('is refused at the finish if it was omitted there or added there', async () => {
      const passkey = await registerPasskey(aUser());
      const { browser, user, authenticator } = passkey;
      const bound = await browser.beginSignIn((await user.authenticateTransaction()).transactionId);
      for (const transaction_id of [null, undefined]) {
        const answer = await browser.finish('authenticate', {
          ...bound.answer(authenticator),
          transaction_id,
        });
        expectFlexError(answer, 401, 'discoverable_login_failed');
      }
      const free = await browser.beginSignIn();
      const { transactionId } = await user.authenticateTransaction();
      const body = { ...free.answer(authenticator), transaction_id: transactionId };
      expectFlexError(await browser.finish('authenticate', body), 404, 'transaction_not_found');
      expect((await browser.finish('authenticate', { ...body, transaction_id: null })).status).toBe(200);
    });

    it('is required to register', async () => {
      for (const body of [{}, { transaction_id: null }, { transaction_id: 7 }]) {
        expectFlexError(await new Browser(app).post('register', 'start', body), 400, 'invalid_request');
      }
    });
  });

  describe('finishing', () => {
    it.each(['sdk', 'json'] as const)(
      'accepts responses in the form %s, and returns a nonce alone',
      async (form) => {
        const passkey = await registerPasskey(aUser(), { browser: new Browser(app, { form }) });
        expect(passkey.device.transports).toEqual(['internal', 'hybrid']);
        const begun = await passkey.browser.beginSignIn();
        const answer = await passkey.browser.finish('authenticate', begun.answer(passkey.authenticator));
        expect(answer.status).toBe(200);
        expect(answer.body).toStrictEqual({ nonce: text(BASE64URL_256_BIT) });
      },
    );

    it.each([-7, -8, -257] as const)('verifies keys of the algorithm %d', async (algorithm) => {
      const passkey = await registerPasskey(aUser(), { traits: { algorithms: [algorithm] } });
      expect((await passkey.user.verify(await signIn(passkey))).status).toBe(200);
    });

    it('accepts the user handle in the encoding of iOS and Android, with and without a transaction', async () => {
      const passkey = await registerPasskey(aUser(), { traits: { userHandle: 'text' } });
      expect((await passkey.user.verify(await signIn(passkey))).status).toBe(200);
      expect((await passkey.user.verify(await stepUp(passkey))).status).toBe(200);
    });

    it('requires the user handle in a discoverable sign-in, and only there', async () => {
      const passkey = await registerPasskey(aUser(), { traits: { userHandle: 'none' } });
      const begun = await passkey.browser.beginSignIn();
      const refused = await passkey.browser.finish('authenticate', begun.answer(passkey.authenticator));
      expectFlexError(refused, 401, 'discoverable_login_failed');
      expect((await passkey.user.verify(await stepUp(passkey))).status).toBe(200);
    });

    it('refuses the user handle of another user', async () => {
      const [passkey, other] = [await registerPasskey(aUser()), await registerPasskey(aUser())];
      const { userId } = other.authenticator.credentials[0]!;
      const credential = { ...passkey.authenticator.credentials[0]!, userId };
      const { browser, authenticator, user } = passkey;
      const free = await browser.beginSignIn();
      const freely = await browser.finish('authenticate', free.answer(authenticator, { credential }));
      expectFlexError(freely, 401, 'discoverable_login_failed');
      const bound = await browser.beginSignIn((await user.authenticateTransaction()).transactionId);
      const boundly = await browser.finish('authenticate', bound.answer(authenticator, { credential }));
      expectFlexError(boundly, 401, 'webauthn_login_failed');
    });

    it('ignores unknown members', async () => {
      const { transactionId } = await aUser().registerTransaction();
      const browser = new Browser(app);
      const begun = await browser.beginRegistration(transactionId, { user_id: 'x', __type: 1 });
      const body = { ...begun.answer(new SoftwareAuthenticator()), user_id: 'x' };
      expect((await browser.finish('register', body)).status).toBe(200);
    });

    it.each([
      ['a foreign origin', { origin: 'https://evil.example' }],
      ['a sibling origin', { origin: 'https://blog.shop.example' }],
      ['another RP ID', { rpId: 'evil.example' }],
      ['another challenge', { clientData: { challenge: 'A'.repeat(43) } }],
      ['the other type', { clientData: { type: 'payment.get' } }],
      ['a frame of another site', { crossOrigin: true }],
      ['a response without user presence', { flags: { up: false } }],
      ['a response without user verification', { flags: { uv: false } }],
      ['an id that differs from rawId', { response: { id: 'AAAA' } }],
    ] as [string, object][])('refuses %s in both ceremonies, and changes nothing', async (_, overrides) => {
      const passkey = await registerPasskey(aUser());
      const { browser, user } = passkey;
      const registration = await beginRegistration(user, browser);
      const free = await browser.beginSignIn();
      const bound = await browser.beginSignIn((await user.authenticateTransaction()).transactionId);
      const before = await contentsButTrail(app);
      const register = registration.answer(new SoftwareAuthenticator(), overrides);
      expectFlexError(await browser.finish('register', register), 400, 'invalid_request');
      const freely = free.answer(passkey.authenticator, overrides);
      const [status, discoverable, known] =
        'response' in overrides
          ? ([400, 'invalid_request', 'invalid_request'] as const)
          : ([401, 'discoverable_login_failed', 'webauthn_login_failed'] as const);
      expectFlexError(await browser.finish('authenticate', freely), status, discoverable);
      const boundly = bound.answer(passkey.authenticator, overrides);
      expectFlexError(await browser.finish('authenticate', boundly), status, known);
      expect(await contentsButTrail(app)).toEqual(before);
    });

    it('refuses a wrong signature', async () => {
      const { browser, authenticator } = await registerPasskey(aUser());
      const begun = await browser.beginSignIn();
      const mutateSignature = (bytes: Buffer) =>
        Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]);
      const answer = await browser.finish('authenticate', begun.answer(authenticator, { mutateSignature }));
      expectFlexError(answer, 401, 'discoverable_login_failed');
    });

    it.each(['', 'kh1', 'A'.repeat(1025), 'kh1.9999999999.e30.' + 'A'.repeat(43)])(
      'refuses the handshake id %p, which Keyway did not sign',
      async (handshake_id) => {
        const passkey = await registerPasskey(aUser());
        const { browser, user, authenticator } = passkey;
        const isLong = handshake_id.length > 1024;
        const begun = await beginRegistration(user, browser);
        const before = await contents(app);
        const register = { ...begun.answer(new SoftwareAuthenticator()), handshake_id };
        expectFlexError(await browser.finish('register', register), 400, 'invalid_request');
        const free = { ...(await browser.beginSignIn()).answer(authenticator), handshake_id };
        const [status, code] = isLong ? [400, 'invalid_request'] : [401, 'discoverable_login_failed'];
        expectFlexError(await browser.finish('authenticate', free), status, code);
        expect(await contents(app)).toEqual(before);
      },
    );

    it('refuses a handshake with a changed character in any of its parts', async () => {
      const { browser, authenticator } = await registerPasskey(aUser());
      const begun = await browser.beginSignIn();
      const body = begun.answer(authenticator);
      for (const part of [1, 2, 3]) {
        const parts = begun.handshakeId.split('.');
        parts[part] = parts[part]!.replace(/^./, (first) => (first === '1' ? '2' : '1'));
        const answer = await browser.finish('authenticate', { ...body, handshake_id: parts.join('.') });
        expectFlexError(answer, 401, 'discoverable_login_failed');
      }
      expect((await browser.finish('authenticate', body)).status).toBe(200);
    });

    it('refuses an unknown passkey', async () => {
      const { browser, authenticator } = await registerPasskey(aUser());
      const begun = await browser.beginSignIn();
      authenticator.credentials[0]!.id.fill(7);
      const answer = await browser.finish('authenticate', begun.answer(authenticator));
      expectFlexError(answer, 401, 'discoverable_login_failed');
    });
  });

  describe('a user who was deactivated', () => {
    const deactivated = async () => {
      const user = aUser();
      const passkey = await registerPasskey(user);
      const [register, authenticate] = [
        await user.registerTransaction(),
        await user.authenticateTransaction(),
      ];
      const registration = await passkey.browser.beginRegistration(register.transactionId);
      const bound = await passkey.browser.beginSignIn(authenticate.transactionId);
      const free = await passkey.browser.beginSignIn();
      const id = await flexUserIdOf(app, user.subject);
      await sql(app, `update flex_users set status = 'inactive' where id = $1`, id);
      return { ...passkey, register, authenticate, registration, bound, free };
    };

    it('cannot start a ceremony', async () => {
      const { browser, register, authenticate } = await deactivated();
      const starts = [
        await browser.post('register', 'start', { transaction_id: register.transactionId }),
        await browser.post('authenticate', 'start', { transaction_id: authenticate.transactionId }),
      ];
      for (const answer of starts) expectFlexError(answer, 403, 'user_not_active');
    });

    it('cannot finish a ceremony that was begun before', async () => {
      const { browser, authenticator, registration, bound, free } = await deactivated();
      const before = await contentsButTrail(app);
      const finishes = [
        await browser.finish('register', registration.answer(new SoftwareAuthenticator())),
        await browser.finish('authenticate', bound.answer(authenticator)),
        await browser.finish('authenticate', free.answer(authenticator)),
      ];
      for (const answer of finishes) expectFlexError(answer, 403, 'user_not_active');
      expect(await contentsButTrail(app)).toEqual(before);
    });

    it('gets no transaction', async () => {
      const { user } = await deactivated();
      const transactions = app.application.get(TransactionsService, { strict: false });
      const [{ externalId } = { externalId: '' }] = await sql<{ externalId: string }>(
        app,
        'select passage_external_id as "externalId" from users where subject = $1',
        user.subject,
      );
      const refused = { code: 'user_not_active' };
      await expect(transactions.createRegister(TEST.appId, externalId, 'Ada')).rejects.toMatchObject(refused);
      await expect(transactions.createAuthenticate(TEST.appId, externalId)).rejects.toMatchObject(refused);
    });
  });

  describe('the limit of passkeys', () => {
    it('applies at the finish too, with the code of the protocol', async () => {
      const user = aUser();
      const browser = new Browser(app);
      const begun = await beginRegistration(user, browser);
      await registerPasskey(user);
      await changeApp(app, TEST.appId, 'max_passkeys_per_user', 1);
      try {
        const answer = await browser.finish('register', begun.answer(new SoftwareAuthenticator()));
        expectFlexError(answer, 403, 'operation_not_allowed');
      } finally {
        await changeApp(app, TEST.appId, 'max_passkeys_per_user', 50);
      }
    });
  });

  describe('CORS', () => {
    const startUrl = `/v1/apps/${TEST.appId}/register/transactions/webauthn/start`;
    const preflight = (origin: string, url = startUrl) =>
      send(app, {
        method: 'OPTIONS',
        url,
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,passage-flex-version',
        },
      });

    it('allows the browser SDK to call, without credentials', async () => {
      const { status, headers } = await preflight(TEST.origin);
      expect(status).toBe(204);
      expect(headers['access-control-allow-origin']).toBe(TEST.origin);
      const allowed = String(headers['access-control-allow-headers']).toLowerCase();
      expect(allowed).toContain('content-type');
      expect(allowed).toContain('passage-flex-version');
      expect(headers['access-control-allow-credentials']).toBeUndefined();
    });

    it("lets the headers of a page's tracing agent through, on the user's API too", async () => {
      for (const url of [startUrl, '/user/devices']) {
        const { status, headers } = await preflight(TEST.origin, url);
        expect(status).toBe(204);
        const allowed = String(headers['access-control-allow-headers']).toLowerCase().split(/, */);
        expect(allowed).toEqual(expect.arrayContaining(['traceparent', 'tracestate', 'baggage']));
      }
    });

    it('allows the page to read refusals too', async () => {
      const browser = new Browser(app);
      const answers = [
        await browser.post('register', 'start', { transaction_id: 'unknown' }),
        await browser.post('register', 'start', {}),
        await browser.finish('authenticate', { handshake_id: 'x', handshake_response: {} }),
        await send(app, {
          method: 'POST',
          url: startUrl,
          headers: { origin: TEST.origin, 'content-type': 'application/json' },
          payload: '{',
        }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([404, 400, 401, 400]);
      for (const { headers } of answers) expect(headers['access-control-allow-origin']).toBe(TEST.origin);
    });

    it('allows neither foreign origins nor those of another app', async () => {
      await sql(
        app,
        `insert into apps (id, name, origins, rp_id) values ('cors', 'cors', '{https://cors.example}', 'cors.example')`,
      );
      const there = `/v1/apps/cors/authenticate/transactions/webauthn/start`;
      const refused = [
        await preflight('https://evil.example'),
        await preflight('https://cors.example'),
        await preflight(TEST.origin, there),
        await preflight(TEST.origin, '/v1/apps/unknown/authenticate/transactions/webauthn/start'),
      ];
      for (const { headers } of refused) expect(headers['access-control-allow-origin']).toBeUndefined();
      expect((await preflight('https://cors.example', there)).status).toBe(204);
    });
  });

  describe('the rate limit', () => {
    it('answers the 301st request of a minute from one address with 429 and Retry-After', async () => {
      const remoteAddress = newAddress();
      const ask = (from = remoteAddress) =>
        send(app, { url: `/v1/apps/${TEST.appId}`, remoteAddress: from, headers: { origin: TEST.origin } });
      // The app's origins are looked up by another network.
      await ask(newAddress());
      const answers = await Promise.all(Array.from({ length: 300 }, () => ask()));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const beyond = await ask();
      expectFlexError(beyond, 429, 'exceeded_attempts');
      expect(Number(beyond.headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(beyond.headers['retry-after'])).toBeLessThanOrEqual(60);
      expect(beyond.headers['access-control-allow-origin']).toBe(TEST.origin);
      expect((await ask(newAddress())).status).toBe(200);
    });

    it('is shared by all public routes and by the addresses of one IPv6 network', async () => {
      const network = '2001:db8:7:8:';
      for (let i = 0; i < 300; i++) {
        await send(app, { url: `/v1/apps/${TEST.appId}`, remoteAddress: `${network}:${i.toString(16)}` });
      }
      const url = `/v1/apps/${TEST.appId}/authenticate/transactions/webauthn/start`;
      const start = (remoteAddress: string) => send(app, { method: 'POST', url, remoteAddress, payload: {} });
      expectFlexError(await start(`${network}ffff::1`), 429, 'exceeded_attempts');
      expect((await start('2001:db8:7:9::1')).status).toBe(200);
    });

    it('counts app lookups for CORS, and allows none beyond the limit', async () => {
      const remoteAddress = newAddress();
      const preflight = (appId: string, from = remoteAddress) =>
        send(app, {
          method: 'OPTIONS',
          url: `/v1/apps/${appId}/register/transactions/webauthn/start`,
          remoteAddress: from,
          headers: { origin: TEST.origin, 'access-control-request-method': 'POST' },
        });
      for (let i = 0; i < 300; i++) await preflight(`unknown-${i}`);
      await sql(app, 'alter table apps rename to hidden');
      try {
        expect((await preflight('unknown-300')).status).toBe(405);
        expect((await preflight('unknown-300', newAddress())).status).toBe(500);
      } finally {
        await sql(app, 'alter table hidden rename to apps');
      }
      const url = `/v1/apps/${TEST.appId}`;
      expectFlexError(await send(app, { url, remoteAddress }), 429, 'exceeded_attempts');
    });

    it('neither blocks the user’s API nor hides a 429 from the pages of the app', async () => {
      const cold = await aReplicaOf(app);
      try {
        const remoteAddress = newAddress();
        const ask = (url: string, headers = {}) => send(cold, { url, remoteAddress, headers });
        const url = `/v1/apps/${TEST.appId}`;
        for (let i = 0; i <= 300; i++) await ask(url);
        const fromPage = { origin: TEST.origin };
        const users = await ask('/user/devices', fromPage);
        expect([users.status, users.headers['access-control-allow-origin']]).toEqual([401, TEST.origin]);
        await pause(5_100);
        const refused = await ask(url, fromPage);
        expectFlexError(refused, 429, 'exceeded_attempts');
        expect(refused.headers['access-control-allow-origin']).toBe(TEST.origin);
      } finally {
        await cold.close();
      }
    }, 20_000);

    describe('for refusals of one handshake', () => {
      const wrong = { origin: 'https://evil.example' };

      /** What each answer but the last took from what is left of the limit. */
      const costs = (answers: readonly HttpAnswer[]) => {
        const left = answers.map(({ headers }) => Number(headers['x-ratelimit-remaining']));
        return left.slice(1).map((it, i) => left[i]! - it);
      };

      /** A finish that is refused and one that succeeds, of the same handshake. */
      const begin = {
        async register(browser: Browser) {
          const { answer } = await browser.beginRegistration(await registerTransaction());
          const authenticator = new SoftwareAuthenticator();
          return { refused: answer(authenticator, wrong), good: answer(authenticator) };
        },
        async authenticate(browser: Browser) {
          const { authenticator } = await registerPasskey(aUser());
          const { answer } = await browser.beginSignIn();
          return { refused: answer(authenticator, wrong), good: answer(authenticator) };
        },
      };

      it.each([
        ['register', 400],
        ['authenticate', 401],
      ] as const)(
        'counts a refused finish (%s) as ten requests from the third on, and does not spend the handshake',
        async (kind, status) => {
          const browser = new Browser(app);
          const { refused, good } = await begin[kind](browser);
          const answers: HttpAnswer[] = [];
          for (let i = 0; i < 5; i++) answers.push(await browser.finish(kind, refused));
          expect(answers.map((answer) => answer.status)).toEqual(Array(5).fill(status));
          answers.push(await browser.finish(kind, good));
          expect(answers.at(-1)!.status).toBe(200);
          expect(costs(answers)).toEqual([1, 1, 10, 10, 10]);
        },
      );

      it('counts each handshake separately, and for the network that sent the finish', async () => {
        const [browser, other] = [new Browser(app), new Browser(app)];
        const [first, second] = [await begin.authenticate(browser), await begin.authenticate(browser)];
        const finish = (from: Browser, body: object) => from.finish('authenticate', body);
        const answers = [
          await finish(browser, first.refused),
          await finish(browser, first.refused),
          await finish(browser, second.refused),
        ];
        expect(costs([...answers, await finish(browser, second.refused)])).toEqual([1, 1, 1]);
        const elsewhere = [await finish(other, first.refused), await finish(other, first.refused)];
        expect(costs(elsewhere)).toEqual([10]);
        expect(costs([await finish(browser, first.good), await finish(browser, second.good)])).toEqual([1]);
      });

      it('allows one network 32 wrong responses a minute to one handshake', async () => {
        const browser = new Browser(app);
        const { refused } = await begin.authenticate(browser);
        let tries = 0;
        while ((await browser.finish('authenticate', refused)).status === 401) tries += 1;
        expect(tries).toBe(32);
        expectFlexError(await browser.finish('authenticate', refused), 429, 'exceeded_attempts');
      });

      it('counts a finish as one request each time if its handshake is not authentic', async () => {
        const browser = new Browser(app);
        const body = { handshake_id: 'kh1.9999999999.e30.AAAA', handshake_response: {} };
        const answers: HttpAnswer[] = [];
        for (let i = 0; i < 5; i++) answers.push(await browser.finish('authenticate', body));
        expect(costs(answers)).toEqual([1, 1, 1, 1]);
      });
    });

    it('counts by whatever method a route is called, however IPv4 is written, and what is refused unread', async () => {
      const address = newAddress();
      const url = `/v1/apps/${TEST.appId}`;
      const start = `${url}/authenticate/transactions/webauthn/start`;
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      const statuses = new Set<number>();
      for (let i = 0; i < 100; i++) {
        const answers = [
          await send(app, { url, remoteAddress: address }),
          await send(app, { method: 'HEAD', url, remoteAddress: `::ffff:${address}` }),
          await send(app, { method: 'POST', url: start, headers, payload: '{}', remoteAddress: address }),
        ];
        for (const { status } of answers) statuses.add(status);
      }
      expect(statuses).toEqual(new Set([200, 415]));
      expect((await send(app, { url, remoteAddress: address })).status).toBe(429);
      const head = await send(app, { method: 'HEAD', url, remoteAddress: `::ffff:${address}` });
      expect(head.status).toBe(429);
    });

    it('ignores an X-Forwarded-For that the client sends', async () => {
      const remoteAddress = newAddress();
      const url = `/v1/apps/${TEST.appId}`;
      let last: HttpAnswer | undefined;
      for (let i = 0; i <= 300; i++) {
        last = await send(app, { url, remoteAddress, headers: { 'x-forwarded-for': `192.0.2.${i % 250}` } });
      }
      expect(last!.status).toBe(429);
    });
  });
});

function expectFlexError(answer: HttpAnswer, status: number, code: string): void {
  expect({ status: answer.status, body: answer.body }).toStrictEqual({
    status,
    body: { code, error: text(String) },
  });
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
}
