import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import {
  ErrorStatusText,
  PassageError,
  PassageErrorCode,
  PassageFlex,
  WebAuthnType,
} from '../../packages/node/src/index.js';
import { AppServer } from '../support/app-server.js';
import { buildApp, type TestApp } from '../support/build-app.js';
import { type FakeServer, fakeServer } from '../support/fake-server.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';

const KEY = `kw_${'a'.repeat(12)}_${'b'.repeat(43)}`;

/** What the call was refused with; anything else than our error fails the test. */
async function refusal(call: Promise<unknown>): Promise<PassageError> {
  const error = await call.then(
    (value) => new Error(`expected a refusal, got ${inspect(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof PassageError)) throw error;
  return error;
}

const codeOf = async (call: Promise<unknown>): Promise<[number, string]> => {
  const { statusCode, errorCode } = await refusal(call);
  return [statusCode, errorCode];
};

const codesOf = (...calls: Promise<unknown>[]) => Promise.all(calls.map(codeOf));

describe('the client for Node servers', () => {
  let app: TestApp;
  let server: AppServer;
  let origin: string;
  let passage: PassageFlex;

  const client = (changes: Partial<ConstructorParameters<typeof PassageFlex>[0]> = {}) =>
    new PassageFlex({ appId: server.tenant.id, apiKey: server.key, baseUrl: `${origin}/v1`, ...changes });

  beforeAll(async () => {
    app = await buildApp();
    await app.application.listen(0, '127.0.0.1');
    origin = await app.application.getUrl();
    server = await AppServer.create(app);
    passage = client();
  });
  afterAll(() => app?.close());

  async function finishRegistration(transactionId: string, authenticator = new SoftwareAuthenticator()) {
    const browser = server.tenant.browser();
    const begun = await browser.beginRegistration(transactionId);
    const finished = await browser.finish('register', begun.answer(authenticator));
    return { authenticator, nonce: finished.expect<{ nonce: string }>().nonce };
  }

  async function finishSignIn(transactionId: string, authenticator: SoftwareAuthenticator) {
    const browser = server.tenant.browser();
    const begun = await browser.beginSignIn(transactionId);
    const finished = await browser.finish('authenticate', begun.answer(authenticator));
    return finished.expect<{ nonce: string }>().nonce;
  }

  async function aUserWithPasskey(): Promise<{ externalId: string; deviceId: string }> {
    const externalId = randomUUID();
    await finishRegistration(await passage.auth.createRegisterTransaction(externalId, 'Ada'));
    const [device] = await passage.user.listDevices(externalId);
    return { externalId, deviceId: device!.id };
  }

  // The same story three times: each version of the original had its own way of being called.
  const surfaces = {
    '1.x, arguments one by one': {
      registerTransaction: (id: string) => passage.auth.createRegisterTransaction(id, 'Ada'),
      authenticateTransaction: (id: string) => passage.auth.createAuthenticateTransaction(id),
      verify: (nonce: string) => passage.auth.verifyNonce(nonce),
      user: (id: string) => passage.user.get(id),
      devices: (id: string) => passage.user.listDevices(id),
      revoke: (id: string, device: string) => passage.user.revokeDevice(id, device),
      revoked: undefined,
    },
    '1.x, arguments in an object': {
      registerTransaction: (externalId: string) =>
        passage.auth.createRegisterTransaction({ externalId, passkeyDisplayName: 'Ada' }),
      authenticateTransaction: (externalId: string) =>
        passage.auth.createAuthenticateTransaction({ externalId }),
      verify: (nonce: string) => passage.auth.verifyNonce(nonce),
      user: (id: string) => passage.user.get(id),
      devices: (id: string) => passage.user.listDevices(id),
      revoke: (externalId: string, deviceId: string) => passage.user.revokeDevice({ externalId, deviceId }),
      revoked: undefined,
    },
    '0.2.x': {
      registerTransaction: (externalId: string) =>
        passage.createRegisterTransaction({ externalId, passkeyDisplayName: 'Ada' }),
      authenticateTransaction: (externalId: string) => passage.createAuthenticateTransaction({ externalId }),
      verify: (nonce: string) => passage.verifyNonce(nonce),
      user: (id: string) => passage.getUser(id),
      devices: (id: string) => passage.getDevices(id),
      revoke: (externalId: string, deviceId: string) => passage.revokeDevice({ externalId, deviceId }),
      revoked: true,
    },
  };

  describe.each(Object.entries(surfaces))('called as %s', (_, calls) => {
    it('registers, signs in, lists and revokes', async () => {
      const externalId = `ada+${randomUUID()}@example.com/ø`;
      const registered = await finishRegistration(await calls.registerTransaction(externalId));
      expect(await calls.verify(registered.nonce)).toBe(externalId);
      const before = await calls.devices(externalId);
      expect(before).toStrictEqual([
        {
          id: expect.any(String),
          credId: registered.authenticator.credentials[0]!.id.toString('base64url'),
          friendlyName: expect.any(String),
          type: WebAuthnType.Passkey,
          icons: { light: expect.any(String), dark: expect.any(String) },
          usageCount: 0,
          createdAt: expect.any(Date),
          updatedAt: expect.any(Date),
          lastLoginAt: before[0]!.createdAt,
          provider: null,
          synced: true,
          transports: expect.any(Array),
        },
      ]);

      const nonce = await finishSignIn(
        await calls.authenticateTransaction(externalId),
        registered.authenticator,
      );
      expect(await calls.verify(nonce)).toBe(externalId);
      const devices = await calls.devices(externalId);
      expect(devices[0]!.usageCount).toBe(1);
      expect(devices[0]!.lastLoginAt.getTime()).toBeGreaterThan(devices[0]!.createdAt.getTime());
      expect(await calls.user(externalId)).toStrictEqual({
        id: expect.any(String),
        externalId,
        status: 'active',
        loginCount: 1,
        createdAt: expect.any(Date),
        updatedAt: expect.any(Date),
        lastLoginAt: expect.any(Date),
        userMetadata: null,
        webauthn: true,
        webauthnDevices: devices,
        webauthnTypes: ['passkey'],
        userHandle: expect.stringMatching(/^[\w-]{58}$/),
        signalUserHandles: [expect.stringMatching(/^[\w-]{58}$/)],
        issuer: null,
        subject: null,
      });

      expect(await calls.revoke(externalId, devices[0]!.id)).toBe(calls.revoked);
      expect(await calls.devices(externalId)).toEqual([]);
      expect((await calls.user(externalId)).webauthn).toBe(false);
      expect(await codeOf(calls.authenticateTransaction(externalId))).toEqual([409, 'user_has_no_passkeys']);
      expect(await codeOf(calls.revoke(externalId, devices[0]!.id))).toEqual([404, 'device_not_found']);
    });
  });

  it('returns the app, and app_not_found for an unknown app', async () => {
    const { id, origin: authOrigin, rpId } = server.tenant;
    expect(await passage.getApp()).toStrictEqual({
      id,
      name: id,
      authOrigin,
      additionalAuthOrigins: [],
      rpId,
      maxPasskeysPerUser: 50,
      stepUp: { by: 'off', maxAge: 300, acrValues: [], amrValues: [] },
      lastPasskey: 'warn',
    });
    expect(await codeOf(client({ appId: 'no-such-app' }).getApp())).toEqual([404, 'app_not_found']);
  });

  it('accepts separate arguments in revokeDevice of 0.2.x, as some of its releases did', async () => {
    const { externalId, deviceId } = await aUserWithPasskey();
    expect(await passage.revokeDevice(externalId, deviceId)).toBe(true);
    expect(await passage.getDevices(externalId)).toEqual([]);
  });

  it('puts status and code of the server into its error, the code also as statusText', async () => {
    const error = await refusal(passage.auth.verifyNonce('no-such-nonce'));
    expect(error).toMatchObject({
      name: 'PassageError',
      statusCode: 401,
      errorCode: PassageErrorCode.Nonce,
      statusText: ErrorStatusText.InvalidNonce,
      message: 'nonce is invalid, expired, or cannot be found',
    });
    expect(error).toBeInstanceOf(Error);
  });

  it('verifies a nonce once', async () => {
    const { nonce } = await finishRegistration(await passage.auth.createRegisterTransaction('once', 'Ada'));
    expect(await passage.auth.verifyNonce(nonce)).toBe('once');
    expect(await codeOf(passage.auth.verifyNonce(nonce))).toEqual([401, 'invalid_nonce']);
  });

  it('returns all that a nonce proves: ceremony and passkey, and whether the user was verified', async () => {
    const registered = await finishRegistration(await passage.auth.createRegisterTransaction('kind', 'Ada'));
    const [device] = await passage.user.listDevices('kind');
    const proof = { externalId: 'kind', deviceId: device!.id, issuer: null, subject: null };
    const verified = { ...proof, userVerified: true };
    expect(await passage.auth.verify(registered.nonce)).toStrictEqual({ ...verified, kind: 'register' });
    const transaction = await passage.auth.createAuthenticateTransaction('kind');
    const nonce = await finishSignIn(transaction, registered.authenticator);
    expect(await passage.auth.verify(nonce)).toStrictEqual({ ...verified, kind: 'authenticate' });
    const lenient = await AppServer.create(app, { user_verification: 'preferred' });
    const unverified = await lenient.tenant.register('ada', { traits: { userVerified: false } });
    const { auth } = client({ appId: lenient.tenant.id, apiKey: lenient.key });
    expect(await auth.verify(unverified.nonce)).toMatchObject({ externalId: 'ada', userVerified: false });
  });

  it('does not let the nonce of a registration pass for a sign-in where the kind is asked for', async () => {
    const registered = await finishRegistration(
      await passage.auth.createRegisterTransaction('signer', 'Ada'),
    );
    for (const verify of [passage.auth.verifyNonce.bind(passage.auth), passage.verifyNonce.bind(passage)]) {
      const { nonce } = await finishRegistration(
        await passage.auth.createRegisterTransaction('signer', 'Ada'),
      );
      expect(await refusal(verify(nonce, { kind: 'authenticate' }))).toMatchObject({
        statusCode: 401,
        errorCode: PassageErrorCode.Nonce,
        reason: 'other_kind',
      });
      // It is used up.
      expect(await codeOf(verify(nonce))).toEqual([401, 'invalid_nonce']);
      const transaction = await passage.auth.createAuthenticateTransaction('signer');
      const signedIn = await finishSignIn(transaction, registered.authenticator);
      expect(await verify(signedIn, { kind: 'authenticate' })).toBe('signer');
    }
    expect(await passage.auth.verifyNonce(registered.nonce, { kind: 'register' })).toBe('signer');
    const wrong = passage.auth.verifyNonce('any', { kind: 'step-up' as never });
    expect(await codeOf(wrong)).toEqual([0, 'invalid_argument']);
  });

  it('lists the users of the app page by page', async () => {
    const own = await AppServer.create(app);
    const pages = client({ appId: own.tenant.id, apiKey: own.key });
    for (const id of ['ada', 'bob', 'cyd']) await pages.auth.createRegisterTransaction(id, id);
    await pages.user.setStatus('bob', 'inactive');
    const first = await pages.user.list({ limit: 2, orderBy: 'external_id:DESC' });
    expect(first).toMatchObject({ page: 1, limit: 2, totalUsers: 3 });
    expect(first.users.map(({ externalId }) => externalId)).toEqual(['cyd', 'bob']);
    const { createdBefore } = first;
    const last = await pages.user.list({ limit: 2, orderBy: 'external_id:DESC', page: 2, createdBefore });
    expect(last.users).toStrictEqual([await pages.user.find('ada')]);
    expect((await pages.user.list({ status: 'inactive' })).users.map((it) => it.externalId)).toEqual(['bob']);
    expect((await pages.user.list()).totalUsers).toBe(3);
    expect(await codeOf(pages.user.list({ limit: 501 }))).toEqual([400, 'invalid_request']);
  });

  it('finds a user without their passkeys in one request, or null', async () => {
    const { externalId } = await aUserWithPasskey();
    const { webauthn, webauthnDevices, webauthnTypes, userHandle, signalUserHandles, ...others } =
      await passage.user.get(externalId);
    const { issuer, subject, ...listed } = others;
    expect([issuer, subject]).toEqual([null, null]);
    expect([webauthn, webauthnDevices.length, webauthnTypes, signalUserHandles]).toEqual([
      true,
      1,
      ['passkey'],
      [userHandle],
    ]);
    expect(await passage.user.find(externalId)).toStrictEqual(listed);
    expect(await passage.user.find(listed.id)).toBeNull();
    expect(await passage.user.find(externalId.toUpperCase())).toBeNull();
  });

  it('renames a passkey of the user, and refuses one of another user', async () => {
    const [ada, bob] = [await aUserWithPasskey(), await aUserWithPasskey()];
    const renamed = await passage.user.renameDevice({ ...ada, friendlyName: 'Zoë’s 🔑' });
    expect(renamed).toMatchObject({ id: ada.deviceId, friendlyName: 'Zoë’s 🔑' });
    expect(await passage.user.listDevices(ada.externalId)).toEqual([renamed]);
    const stolen = { externalId: ada.externalId, deviceId: bob.deviceId, friendlyName: 'Mine' };
    expect(await codeOf(passage.user.renameDevice(stolen))).toEqual([404, 'device_not_found']);
    expect(await codeOf(passage.user.renameDevice({ ...ada, friendlyName: 'a\u202eb' }))).toEqual([
      400,
      'invalid_request',
    ]);
  });

  it('makes a user inactive and active again, and erases them', async () => {
    const { externalId } = await aUserWithPasskey();
    const leave = () => passage.auth.createAuthenticateTransaction(externalId);
    expect(await passage.user.setStatus(externalId, 'inactive')).toMatchObject({
      externalId,
      status: 'inactive',
    });
    expect(await refusal(leave())).toMatchObject({
      statusCode: 403,
      errorCode: PassageErrorCode.CannotCreateTransaction,
      reason: 'user_not_active',
      message: 'The user is not active.',
    });
    expect(await passage.user.setStatus(externalId, 'active')).toMatchObject({ status: 'active' });
    expect(await leave()).toEqual(expect.any(String));
    expect(await codeOf(passage.user.setStatus(externalId, 'pending' as never))).toEqual([
      0,
      'invalid_argument',
    ]);
    await passage.user.erase(externalId);
    expect(await passage.user.find(externalId)).toBeNull();
    expect(await codeOf(passage.user.erase(externalId))).toEqual([404, 'user_not_found']);
  });

  it('reports user_not_found for a user that the app does not have', async () => {
    for (const code of await codesOf(
      passage.user.get('nobody'),
      passage.user.listDevices('nobody'),
      passage.user.revokeDevice('nobody', 'device'),
      passage.user.renameDevice({ externalId: 'nobody', deviceId: 'device', friendlyName: 'Mine' }),
      passage.user.setStatus('nobody', 'active'),
      passage.user.erase('nobody'),
      passage.auth.createAuthenticateTransaction('nobody'),
    )) {
      expect(code).toEqual([404, 'user_not_found']);
    }
  });

  it('neither finds nor revokes the passkey of another user', async () => {
    const [ada, bob] = [await aUserWithPasskey(), await aUserWithPasskey()];
    expect(await codeOf(passage.user.revokeDevice(ada.externalId, bob.deviceId))).toEqual([
      404,
      'device_not_found',
    ]);
    const ids = async (externalId: string) =>
      (await passage.user.listDevices(externalId)).map(({ id }) => id);
    expect(await ids(ada.externalId)).toEqual([ada.deviceId]);
    expect(await ids(bob.externalId)).toEqual([bob.deviceId]);
    for (const other of [ada.externalId.slice(0, -1), ada.externalId.toUpperCase(), `${ada.externalId} `]) {
      expect(await codeOf(passage.user.get(other))).toEqual([404, 'user_not_found']);
    }
  });

  it('never shows the API key or a nonce in an error or when it is inspected', async () => {
    const { id } = server.tenant;
    const wrong = client({ apiKey: KEY });
    const errors = [
      await refusal(wrong.auth.createRegisterTransaction('ada', 'Ada')),
      await refusal(wrong.auth.verifyNonce('a-nonce-of-somebody')),
      await refusal(wrong.user.get('ada')),
      await refusal(client({ apiKey: KEY, baseUrl: 'http://127.0.0.1:1/v1' }).user.get('ada')),
    ];
    expect(errors.map(({ statusCode, errorCode }) => [statusCode, errorCode])).toEqual([
      [401, 'invalid_access_token'],
      [401, 'invalid_access_token'],
      [401, 'invalid_access_token'],
      [0, 'network_unreachable'],
    ]);
    for (const shown of [...errors, wrong]) {
      const text = inspect(shown, { depth: null, showHidden: true }) + JSON.stringify(shown);
      expect(text).not.toContain(KEY);
      expect(text).not.toContain('a-nonce-of-somebody');
    }
    const broken = () => new PassageFlex({ appId: id, apiKey: `${KEY}\n`, baseUrl: `${origin}/v1` });
    expect(broken).toThrow('apiKey has characters that no key has.');
  });

  describe('before it sends a request', () => {
    let silent: FakeServer;
    let unheard: PassageFlex;
    beforeAll(async () => {
      silent = await fakeServer((_, response) => response.end('{}'));
      unheard = client({ baseUrl: `${silent.url}/v1` });
    });
    afterAll(() => silent?.close());

    it('refuses empty arguments', async () => {
      const missing = undefined as unknown as string;
      for (const code of await codesOf(
        unheard.auth.createRegisterTransaction('', 'Ada'),
        unheard.auth.createRegisterTransaction('ada', ''),
        unheard.auth.createRegisterTransaction({ externalId: 'ada', passkeyDisplayName: missing }),
        unheard.auth.createRegisterTransaction(missing, missing),
        unheard.auth.createAuthenticateTransaction(''),
        unheard.auth.verifyNonce(''),
        unheard.user.get(missing),
        unheard.user.listDevices(''),
        unheard.user.revokeDevice('ada', ''),
        unheard.user.revokeDevice('', 'device'),
        unheard.createAuthenticateTransaction({ externalId: '' }),
        unheard.revokeDevice({ externalId: 'ada', deviceId: '' }),
        unheard.getUser('\ud800'),
        unheard.auth.verify(''),
        unheard.user.find(''),
        unheard.user.renameDevice({ externalId: 'ada', deviceId: 'device', friendlyName: '' }),
        unheard.user.renameDevice({ externalId: 'ada', deviceId: '', friendlyName: 'Work' }),
        unheard.user.setStatus('', 'active'),
        unheard.user.erase(''),
      )) {
        expect(code).toEqual([0, 'invalid_argument']);
      }
      expect(silent.requests).toEqual([]);
    });

    it('refuses settings that are missing or unsafe, with a sentence for each', () => {
      const make = (changes: Record<string, unknown>) => () => client(changes);
      expect(make({ appId: '' })).toThrow('appId is required.');
      expect(make({ appId: '..' })).toThrow('is not an id');
      expect(make({ apiKey: '' })).toThrow('apiKey is required.');
      expect(make({ baseUrl: undefined })).toThrow('baseUrl is required');
      expect(make({ baseUrl: '/v1' })).toThrow('baseUrl is required');
      expect(make({ baseUrl: 'http://passkeys.example.com/v1' })).toThrow('baseUrl must be https');
      expect(make({ baseUrl: 'ftp://localhost/v1' })).toThrow('baseUrl must be https');
      expect(make({ baseUrl: 'https://passkeys.example.com' })).toThrow('baseUrl must end with /v1');
      expect(make({ baseUrl: 'https://user:word@passkeys.example.com/v1' })).toThrow('without credentials');
      for (const timeout of [0, 0.4, 1.5, 2 ** 31, Infinity, NaN, '5000', null]) {
        expect(make({ timeout })).toThrow('timeout must be a whole number of milliseconds.');
      }
      for (const headers of [{ 'x-id': 'secret\nx' }, { 'x id': 'secret' }]) {
        expect(make({ headers })).toThrow('headers have a name or a value that no header can have.');
      }
      expect(make({ baseUrl: 'https://passkeys.example.com/keyway/v1/' })).not.toThrow();
      for (const host of ['localhost:3000', '127.0.0.1', '127.1.2.3', '127.1', '[::1]:3000']) {
        expect(make({ baseUrl: `http://${host}/v1` })).not.toThrow();
      }
      for (const host of ['127.0.0.1.example.com', '128.0.0.1', 'localhost.example.com', '[::2]']) {
        expect(make({ baseUrl: `http://${host}/v1` })).toThrow('baseUrl must be https');
      }
      for (const nothing of [undefined, null]) {
        const invalid = expect.objectContaining({ name: 'PassageError', errorCode: 'invalid_argument' });
        expect(() => new PassageFlex(nothing as never)).toThrow(invalid);
      }
    });
  });

  it('sends no other request than the revocation of a device for an id with path characters', async () => {
    const { externalId, deviceId } = await aUserWithPasskey();
    expect(await codeOf(passage.user.revokeDevice(externalId, '..'))).toEqual([0, 'invalid_argument']);
    expect(await codeOf(passage.user.revokeDevice(externalId, '../..'))).toEqual([404, 'device_not_found']);
    expect(await codeOf(passage.user.revokeDevice(externalId, `${deviceId}?`))).toEqual([
      404,
      'device_not_found',
    ]);
    expect((await passage.user.listDevices(externalId)).map(({ id }) => id)).toEqual([deviceId]);
  });

  describe('with a server that breaks the protocol', () => {
    const servers: FakeServer[] = [];
    afterAll(() => Promise.all(servers.map((each) => each.close())));

    async function against(
      answer: Parameters<typeof fakeServer>[0],
      timeout = 5_000,
    ): Promise<{ passage: PassageFlex; fake: FakeServer }> {
      const fake = await fakeServer(answer);
      servers.push(fake);
      return { fake, passage: client({ baseUrl: `${fake.url}/v1`, timeout }) };
    }
    const json = (status: number, body: unknown) =>
      against((_, response) => response.writeHead(status).end(JSON.stringify(body)));

    it('returns no user with another external ID, even if the server offers one', async () => {
      const { passage, fake } = await json(200, {
        users: [
          { id: 'u1', external_id: 'ada-lovelace' },
          { id: 'u2', external_id: 'ADA' },
        ],
        user: { id: 'u1', external_id: 'ada-lovelace' },
        devices: [],
      });
      for (const code of await codesOf(
        passage.user.get('ada'),
        passage.user.listDevices('ada'),
        passage.user.revokeDevice('ada', 'device'),
        passage.getDevices('ada'),
      )) {
        expect(code).toEqual([404, 'user_not_found']);
      }
      expect(new Set(fake.requests)).toEqual(
        new Set([`GET /v1/apps/${server.tenant.id}/users?identifier=ada`]),
      );
    });

    it('finds the exact user among similar external IDs', async () => {
      const { passage, fake } = await json(200, {
        users: [
          { id: 'u1', external_id: 'ada-lovelace' },
          { id: 'u2', external_id: 'ada' },
        ],
        devices: [],
      });
      expect(await passage.user.listDevices('ada')).toEqual([]);
      expect(fake.requests.at(-1)).toMatch(/\/users\/u2\/devices$/);
    });

    it('follows no redirect', async () => {
      const elsewhere = await json(200, { transaction_id: 'stolen' });
      const { passage } = await against((_, response) =>
        response.writeHead(307, { location: `${elsewhere.fake.url}/v1` }).end(),
      );
      expect(await codeOf(passage.auth.createAuthenticateTransaction('ada'))).toEqual([
        307,
        'invalid_response',
      ]);
      expect(elsewhere.fake.requests).toEqual([]);
    });

    it('gives up after its timeout, both for the headers and for the body', async () => {
      for (const answer of [
        () => undefined,
        (_: unknown, response: { write: (text: string) => unknown }) => void response.write('{'),
      ]) {
        const { passage } = await against(answer, 200);
        expect(await codeOf(passage.getApp())).toEqual([0, 'timed_out']);
      }
    });

    it('ends a call as soon as the caller’s signal is aborted', async () => {
      const { passage, fake } = await against(() => undefined);
      const aborter = new AbortController();
      const call = codeOf(passage.with({ signal: aborter.signal }).getApp());
      while (fake.requests.length === 0) await new Promise(setImmediate);
      aborter.abort();
      expect(await call).toEqual([0, 'aborted']);
      expect(await codeOf(passage.with({ signal: aborter.signal }).user.get('ada'))).toEqual([0, 'aborted']);
      expect(fake.requests).toHaveLength(1);
    });

    it('sends the headers that it is given, and its own take precedence', async () => {
      const seen: unknown[] = [];
      const { passage } = await against(({ headers }, response) => {
        seen.push([headers['x-request-id'], headers.authorization]);
        response.end('{"transaction_id":"leave"}');
      });
      const headers = { 'X-Request-Id': 'r1', Authorization: 'Bearer other' };
      await passage.with({ headers }).createAuthenticateTransaction({ externalId: 'ada' });
      await passage.createAuthenticateTransaction({ externalId: 'ada' });
      const key = `Bearer ${server.key}`;
      expect(seen).toEqual([
        ['r1', key],
        [undefined, key],
      ]);
    });

    it('reports which request failed, without ids, and whether the call can be repeated safely', async () => {
      const found = { users: [{ id: 'u1', external_id: 'ada' }] };
      const { passage } = await against(({ method, url }, response) =>
        method === 'GET' && !url?.includes('u1')
          ? response.end(JSON.stringify(found))
          : response.writeHead(500).end(),
      );
      const told = async (call: Promise<unknown>) => {
        const { request, isRepeatable } = await refusal(call);
        return [request, isRepeatable];
      };
      const calls = () => [
        passage.user.get('ada'),
        passage.user.revokeDevice('ada', 'd1'),
        passage.auth.verifyNonce('nonce'),
      ];
      expect(await Promise.all(calls().map(told))).toEqual([
        ['GET /apps/{app}/users/{user}', true],
        ['DELETE /apps/{app}/users/{user}/devices/{device}', false],
        ['POST /apps/{app}/authenticate/verify', false],
      ]);
      expect(await told(passage.auth.verifyNonce(''))).toEqual([undefined, false]);
      expect(await told(passage.user.get('bob'))).toEqual(['GET /apps/{app}/users', true]);
      const gone = await against(() => undefined);
      servers.splice(servers.indexOf(gone.fake), 1);
      await gone.fake.close();
      expect(await told(gone.passage.auth.verifyNonce('nonce'))).toEqual([
        'POST /apps/{app}/authenticate/verify',
        true,
      ]);
    });

    it('reports an unreachable server and a broken connection', async () => {
      const { passage, fake } = await against((request) => request.socket.destroy());
      expect(await codeOf(passage.getApp())).toEqual([0, 'network_unreachable']);
      servers.splice(servers.indexOf(fake), 1);
      await fake.close();
      expect(await codeOf(passage.getApp())).toEqual([0, 'network_unreachable']);
    });

    it('keeps the status of a response that is not JSON or not an error of the protocol', async () => {
      const proxy = await against((_, response) => response.writeHead(502).end('<h1>Bad gateway</h1>'));
      expect(await codeOf(proxy.passage.getApp())).toEqual([502, 'invalid_response']);
      const cases: [number, unknown][] = [
        [403, { message: 'no' }],
        [200, []],
        [200, null],
        [200, { transaction_id: '', users: 'none', app: null }],
      ];
      for (const [status, body] of cases) {
        const { passage } = await json(status, body);
        for (const code of await codesOf(
          passage.getApp(),
          passage.user.get('ada'),
          passage.auth.createAuthenticateTransaction('ada'),
        )) {
          expect(code).toEqual([status, 'invalid_response']);
        }
      }
    });
  });
});
