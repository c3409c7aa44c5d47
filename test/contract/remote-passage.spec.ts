import { gzipSync } from 'node:zlib';
import { Logger } from '@nestjs/common';
import { AppError } from '../../src/http/app-error.js';
import type { Passage } from '../../src/passage/passage.js';
import { OddProvider, type OddAnswer, type OddRequest } from '../support/odd-provider.js';
import { remotePassage } from '../support/providers.js';

const NOW = '2026-11-22T18:46:20.433Z';
const ID = 'Vw2bCt0J8KSZDtsCz7y1uuyG';
/** As the hosted service told it: with none of our additions. */
const DEVICE = {
  id: 'dev_1',
  cred_id: 'S8Qk_xwnw1FE9QKFOnj9vA==',
  friendly_name: 'Chrome on macOS',
  type: 'platform',
  created_at: NOW,
  updated_at: NOW,
  last_login_at: NOW,
  usage_count: 0,
  icons: { light: null, dark: null },
};
const USER = {
  id: ID,
  external_id: 'ada',
  status: 'active',
  created_at: NOW,
  updated_at: NOW,
  last_login_at: NOW,
  login_count: 0,
  webauthn_devices: [DEVICE],
};
const APP = {
  id: 'shop',
  name: 'The Shop',
  auth_origin: 'https://shop.example',
  additional_auth_origins: ['https://m.shop.example/', 'android:apk-key-hash:x', 7],
};
const refusal = (status: number, code: string): OddAnswer => ({ status, body: { code, error: 'No.' } });

/** A Flex server that is no Keyway, with one user and one passkey. */
const foreign = (changes: { user?: object; listed?: object[]; app?: object } = {}) => {
  const user = { ...USER, ...changes.user };
  return ({ method, url }: OddRequest): OddAnswer => {
    const path = url.replace('/v1/apps/shop', '').split('?')[0]!;
    if (method === 'GET' && path === '') return { body: { app: { ...APP, ...changes.app } } };
    if (method === 'GET' && path === '/users') return { body: { users: changes.listed ?? [user] } };
    if (method === 'GET' && path === `/users/${ID}`) return { body: { user } };
    if (method === 'DELETE') return { body: '' };
    if (path === '/authenticate/verify') return { body: { external_id: 'ada' } };
    if (path.startsWith('/transactions/')) return { status: 201, body: { transaction_id: 'tx' } };
    return refusal(404, 'invalid_request');
  };
};

/** Every method, each with arguments that make sense. */
const CALLS: Record<string, (passage: Passage) => Promise<unknown>> = {
  getApp: (it) => it.getApp(),
  getUser: (it) => it.getUser('ada'),
  getDevices: (it) => it.getDevices('ada'),
  renameDevice: (it) => it.renameDevice('ada', 'dev_1', 'Work'),
  revokeDevice: (it) => it.revokeDevice('ada', 'dev_1'),
  createRegisterTransaction: (it) => it.createRegisterTransaction('ada', 'Ada'),
  createAuthenticateTransaction: (it) => it.createAuthenticateTransaction('ada'),
  verifyNonce: (it) => it.verifyNonce('nonce'),
};
const READS = ['getApp', 'getUser', 'getDevices'];
const WRITES = ['createRegisterTransaction', 'createAuthenticateTransaction', 'verifyNonce'];

/** Pauses are short, and no circuit opens unless a test is about that. */
const BRIEF = { maxPause: 20, failures: 1_000 };
/** For a server that never answers. */
const HASTY = { ...BRIEF, read: 150, write: 300 };

const failureOf = async (work: Promise<unknown>): Promise<AppError> => {
  const thrown: unknown = await work.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(AppError);
  return thrown as AppError;
};
const reasonOf = ({ cause }: AppError) => (cause as { reason?: string }).reason;

describe('RemotePassage', () => {
  let odd: OddProvider;
  let passage: Passage;
  let logged: string[];

  beforeEach(async () => {
    odd = await new OddProvider().start();
    passage = remotePassage(odd.settings, BRIEF);
    logged = [];
    const keep = (text: unknown) => void logged.push(String(text));
    Logger.overrideLogger({ log: keep, warn: keep, error: keep, debug: keep, verbose: keep });
  });
  afterEach(async () => {
    Logger.overrideLogger(false);
    await odd.stop();
  });

  /** The call failed because of the provider; gives the failure. */
  const unavailable = async (name: string, reason: string, of = passage): Promise<AppError> => {
    const failure = await failureOf(CALLS[name]!(of));
    expect({ code: failure.code, reason: reasonOf(failure) }).toEqual({
      code: 'provider_unavailable',
      reason,
    });
    expect(failure.retryAfter).toBeGreaterThanOrEqual(1);
    return failure;
  };

  describe('with a server that is no Keyway', () => {
    beforeEach(() => odd.answers(foreign()));

    it('tells what is told, and leaves open what is not', async () => {
      const moment = new Date(NOW);
      expect(await passage.getDevices('ada')).toEqual({
        devices: [
          {
            id: 'dev_1',
            credId: 'S8Qk_xwnw1FE9QKFOnj9vA',
            friendlyName: 'Chrome on macOS',
            type: 'platform',
            icons: { light: null, dark: null },
            usageCount: 0,
            lastLoginAt: null,
            createdAt: moment,
            updatedAt: moment,
            provider: null,
            synced: null,
            transports: [],
          },
        ],
        rpId: null,
        userHandle: null,
      });
      expect(await passage.verifyNonce('nonce')).toEqual({ externalId: 'ada', kind: null, deviceId: null });
      expect(await passage.getApp()).toEqual({
        id: 'shop',
        name: 'The Shop',
        rpId: null,
        origins: ['https://shop.example', 'https://m.shop.example'],
      });
    });

    it('takes members of our own names for ours only if they look like ours', async () => {
      const mine = {
        provider: { name: 'x' },
        synced: 'yes',
        transports: 'usb',
        icons: { light: 'javascript:0' },
      };
      const user = { webauthn_devices: [{ ...DEVICE, ...mine }], user_handle: 'ä' };
      odd.answers(foreign({ user, app: { rp_id: 7 } }));
      expect(await passage.getDevices('ada')).toMatchObject({
        devices: [{ provider: null, synced: null, transports: [], icons: { light: null, dark: null } }],
        rpId: null,
        userHandle: null,
      });
    });

    it('cannot rename, and says so', async () => {
      expect(await failureOf(CALLS.renameDevice!(passage))).toMatchObject({ code: 'access_denied' });
    });

    it('sorts the passkeys, oldest first', async () => {
      const devices = ['2026-03-01T00:00:00Z', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00.5+02:00'];
      const made = devices.map((created_at, i) => ({ ...DEVICE, id: `dev_${i}`, created_at }));
      odd.answers(foreign({ user: { webauthn_devices: made } }));
      expect((await passage.getDevices('ada')).devices.map(({ id }) => id)).toEqual([
        'dev_1',
        'dev_2',
        'dev_0',
      ]);
    });

    it('asks as the protocol has it, over connections that are kept', async () => {
      const askAll = async () => {
        for (const call of Object.values(CALLS)) await call(passage).catch(() => undefined);
      };
      await askAll();
      const { connections } = odd;
      for (let i = 0; i < 5; i++) await askAll();
      expect({ connections, after: odd.connections }).toEqual({ connections, after: connections });
      expect(connections).toBeLessThan(5);
      const asked = odd.requests.map(({ method, url }) => `${method} ${url.replace('/v1/apps/shop', '')}`);
      expect(new Set(asked)).toEqual(
        new Set([
          'GET ',
          'GET /users?identifier=ada',
          `GET /users/${ID}`,
          `PATCH /users/${ID}/devices/dev_1`,
          `DELETE /users/${ID}/devices/dev_1`,
          'POST /transactions/register',
          'POST /transactions/authenticate',
          'POST /authenticate/verify',
        ]),
      );
      for (const { headers, method, body } of odd.requests) {
        expect(headers.authorization).toBe('Bearer hunter2');
        if (method === 'POST') expect(headers['content-type']).toBe('application/json');
        else if (method !== 'PATCH') expect(body).toBe('');
      }
    });
  });

  describe('with a server that matches users loosely', () => {
    const listed = [
      { ...USER, id: 'somebody', external_id: 'ada2' },
      { ...USER, id: 'another', external_id: 'Ada' },
    ];

    it('takes nobody for somebody else', async () => {
      odd.answers(foreign({ listed }));
      expect(await passage.getUser('ada')).toBeNull();
      expect(await passage.getDevices('ada')).toEqual({ devices: [], rpId: null, userHandle: null });
      for (const name of ['revokeDevice', 'renameDevice']) {
        expect(await failureOf(CALLS[name]!(passage))).toMatchObject({ code: 'device_not_found' });
      }
      expect(odd.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    });

    it('finds the right one among others', async () => {
      odd.answers(foreign({ listed: [...listed, USER] }));
      expect(await passage.getUser('ada')).toMatchObject({ id: ID });
      await passage.revokeDevice('ada', 'dev_1');
      expect(odd.requests.at(-1)).toMatchObject({
        method: 'DELETE',
        url: `/v1/apps/shop/users/${ID}/devices/dev_1`,
      });
    });

    it.each([{ id: 'other' }, { external_id: 'eve' }])(
      'believes no user of %j to be another',
      async (user) => {
        odd.answers(foreign({ user, listed: [USER] }));
        await unavailable('getDevices', 'provider_unintelligible');
      },
    );
  });

  it('takes a user who is gone in between for nobody', async () => {
    odd.answers(({ url }) =>
      url.includes('?')
        ? { body: { users: [USER] } }
        : url.includes('/users/')
          ? refusal(404, 'user_not_found')
          : { body: { app: APP } },
    );
    expect(await passage.getDevices('ada')).toEqual({ devices: [], rpId: null, userHandle: null });
    for (const name of ['revokeDevice', 'renameDevice']) {
      expect(await failureOf(CALLS[name]!(passage))).toMatchObject({ code: 'device_not_found' });
    }
  });

  describe('refusals', () => {
    /** Lets the user be found, and refuses what is asked then. */
    const refuses = (status: number, code: string, headers: Record<string, string> = {}) =>
      odd.answers((request) =>
        request.method === 'GET' ? foreign()(request) : { ...(refusal(status, code) as object), headers },
      );

    it.each([
      ['renameDevice', 400, 'invalid_request', 'invalid_request'],
      ['renameDevice', 404, 'device_not_found', 'device_not_found'],
      ['renameDevice', 405, 'invalid_request', 'access_denied'],
      ['revokeDevice', 404, 'device_not_found', 'device_not_found'],
      ['revokeDevice', 403, 'operation_not_allowed', 'access_denied'],
      ['createRegisterTransaction', 400, 'invalid_request', 'invalid_request'],
      ['createRegisterTransaction', 403, 'operation_not_allowed', 'too_many_passkeys'],
      ['createRegisterTransaction', 403, 'user_not_active', 'user_not_active'],
      ['createRegisterTransaction', 403, 'cannot_create_transaction', 'access_denied'],
      ['createAuthenticateTransaction', 404, 'user_not_found', 'user_not_found'],
      ['createAuthenticateTransaction', 409, 'user_has_no_passkeys', 'user_has_no_passkeys'],
      ['verifyNonce', 400, 'invalid_request', 'invalid_nonce'],
      ['verifyNonce', 401, 'invalid_nonce', 'invalid_nonce'],
    ])('of %s with %d %s are %s', async (name, status, theirs, ours) => {
      refuses(status, theirs);
      expect(await failureOf(CALLS[name]!(passage))).toMatchObject({ code: ours, retryAfter: undefined });
      expect(odd.requests.filter(({ method }) => method !== 'GET')).toHaveLength(1);
      expect(logged).toEqual([]);
    });

    it.each(Object.keys(CALLS))(
      'of our key fail %s, and tell the operator which setting is wrong',
      async (name) => {
        odd.answers(refusal(401, 'invalid_access_token'));
        await unavailable(name, 'provider_key_refused');
        expect(odd.requests).toHaveLength(1);
        expect(logged).toEqual([expect.stringMatching(/PASSAGE_API_KEY(?!.*hunter2)/)]);
      },
    );

    it.each(['app_not_found', 'invalid_request', 'other'])(
      'of our app or path (%s) tell so',
      async (code) => {
        odd.answers(refusal(404, code));
        await unavailable('getDevices', 'provider_unexpected');
        expect(logged).toEqual([expect.stringMatching(/PASSAGE_BASE_URL and PASSAGE_APP_ID/)]);
      },
    );

    it('of another kind show nothing of what came with them', async () => {
      odd.answers({ status: 418, body: `{"code":"<b>hunter3</b>\\n"}` });
      await unavailable('verifyNonce', 'provider_unexpected');
      expect(logged.join()).not.toContain('hunter3');
    });

    it('for being asked too often wait as long as the server says', async () => {
      refuses(429, 'exceeded_attempts', { 'retry-after': '17' });
      expect(await unavailable('verifyNonce', 'provider_throttled')).toMatchObject({ retryAfter: 17 });
      expect(odd.requests).toHaveLength(1);
    });
  });

  describe('an ailing server', () => {
    it.each(READS)('is asked again by %s, twice at most', async (name) => {
      for (const [answer, reason] of [
        [{ status: 500 }, 'provider_failed'],
        [{ status: 502, body: '<html>Bad gateway' }, 'provider_failed'],
        ['reset', 'provider_unreachable'],
        ['silence', 'provider_timeout'],
      ] as const) {
        odd.answers(answer);
        await unavailable(name, reason, answer === 'silence' ? remotePassage(odd.settings, HASTY) : passage);
        expect(odd.requests).toHaveLength(3);
      }
    });

    it.each(READS)('may recover while %s waits', async (name) => {
      const healthy = foreign();
      let failures = 2;
      odd.answers((request) => (failures-- > 0 ? { status: 503 } : healthy(request)));
      await expect(CALLS[name]!(passage)).resolves.toBeTruthy();
    });

    it.each(WRITES)('is never asked twice by %s once it may have heard', async (name) => {
      for (const [answer, reason] of [
        [{ status: 500 }, 'provider_failed'],
        ['reset', 'provider_unreachable'],
        ['silence', 'provider_timeout'],
      ] as const) {
        odd.answers(answer);
        await unavailable(name, reason, answer === 'silence' ? remotePassage(odd.settings, HASTY) : passage);
        expect(odd.requests).toHaveLength(1);
      }
    });

    it('is not asked before the time that it says', async () => {
      odd.answers({ status: 503, headers: { 'retry-after': '30' } });
      expect(await unavailable('getUser', 'provider_failed')).toMatchObject({ retryAfter: 30 });
      expect(odd.requests).toHaveLength(1);
    });

    it('is waited for no longer than the limit for the whole', async () => {
      odd.answers('silence');
      const slow = remotePassage(odd.settings, { ...BRIEF, whole: 500 });
      const begun = performance.now();
      await unavailable('getUser', 'provider_timeout', slow);
      expect(performance.now() - begun).toBeLessThan(1_900);
    });

    it('is waited for as its body drips in, too', async () => {
      odd.answers({ headers: { 'content-length': '1000' }, body: '{"users":' });
      await unavailable('getUser', 'provider_timeout', remotePassage(odd.settings, HASTY));
    });
  });

  describe('a server that is down', () => {
    it.each(Object.keys(CALLS))('makes %s unavailable', async (name) => {
      await odd.stop();
      await unavailable(name, 'provider_unreachable');
      expect(odd.requests).toEqual([]);
    });

    it.each(Object.keys(CALLS))('may come up while %s waits', async (name) => {
      odd.answers((request) =>
        request.method === 'PATCH' ? { body: { device: DEVICE } } : foreign()(request),
      );
      await odd.stop();
      const patient = remotePassage(odd.settings, { ...BRIEF, retries: 20, maxPause: 100 });
      const result = CALLS[name]!(patient);
      await new Promise((resolve) => setTimeout(resolve, 30));
      await odd.start();
      await expect(result).resolves.not.toThrow();
    });

    it('is as well one whose name nobody knows', async () => {
      const nowhere = remotePassage({ ...odd.settings, baseUrl: 'http://keyway.invalid/v1' }, BRIEF);
      await unavailable('verifyNonce', 'provider_unreachable', nowhere);
    });
  });

  describe('an answer that makes no sense', () => {
    const user = (changes: object) => ({ users: [{ ...USER, ...changes }] });

    it.each([
      ['no JSON', '{"users":'],
      ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
      ['nothing', ''],
      ['a text', '"users"'],
      ['null', 'null'],
      ['an array', '[]'],
      ['nothing of what was asked for', {}],
      ['no list', { users: {} }],
      ['a list of something else', { users: [null] }],
      ['a user of no name', user({ external_id: 7 })],
      ['an id that is a path', user({ id: '../../apps' })],
      ['a status of its own', user({ status: 'frozen' })],
      ['half a sign-in', user({ login_count: 0.5 })],
      ['signs-in below zero', user({ login_count: -1 })],
      ['no moment', user({ created_at: 'yesterday' })],
      ['a moment that never was', user({ created_at: '2026-13-01T00:00:00Z' })],
      ['members of a prototype', '{"__proto__":{"users":[]}}'],
    ])('is %s', async (_what, body) => {
      odd.answers({ body });
      await unavailable('getUser', 'provider_unintelligible');
      expect(odd.requests).toHaveLength(1);
    });

    it.each([
      { id: '' },
      { id: 7 },
      { cred_id: '' },
      { cred_id: 'ä' },
      { type: 'phone' },
      { friendly_name: null },
      { usage_count: '1' },
      { usage_count: 1, last_login_at: null },
      { updated_at: undefined },
    ])('is a passkey with %j', async (changes) => {
      odd.answers(foreign({ user: { webauthn_devices: [{ ...DEVICE, ...changes }] } }));
      await unavailable('getDevices', 'provider_unintelligible');
    });

    it.each([
      ['createRegisterTransaction', { transaction_id: '' }],
      ['createAuthenticateTransaction', { transaction_id: null }],
      ['verifyNonce', { external_id: '' }],
      ['verifyNonce', { kind: 'register' }],
      ['getApp', { app: { ...APP, auth_origin: 7 } }],
    ])('of %s is %j', async (name, body) => {
      odd.answers({ body });
      await unavailable(name, 'provider_unintelligible');
    });

    it.each([
      ['as it is', { body: `{"users":[],"x":"${'x'.repeat(1024 * 1024)}"}` }],
      [
        'unpacked',
        {
          headers: { 'content-encoding': 'gzip' },
          body: gzipSync(`{"users":[],"x":"${'x'.repeat(4 * 1024 * 1024)}"}`),
        },
      ],
    ])('is larger than 1 MiB, %s', async (_how, answer) => {
      odd.answers(answer);
      await unavailable('getUser', 'provider_unintelligible');
    });

    it.each([301, 302, 303, 307, 308])('leads elsewhere (%d), where our key is not taken', async (status) => {
      const elsewhere = await new OddProvider(foreign()).start();
      try {
        const location = `${elsewhere.settings.baseUrl}/apps/shop/users?identifier=ada`;
        odd.answers({ status, headers: { location } });
        await unavailable('getUser', 'provider_unintelligible');
        await unavailable('verifyNonce', 'provider_unintelligible');
        expect(elsewhere.requests).toEqual([]);
      } finally {
        await elsewhere.stop();
      }
    });
  });

  describe('the circuit', () => {
    const LIMITS = { ...BRIEF, failures: 5, rest: 1_500 };
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    let guarded: Passage;
    beforeEach(() => (guarded = remotePassage(odd.settings, LIMITS)));

    const fail = async (times: number) => {
      for (let i = 0; i < times; i++) await unavailable('verifyNonce', 'provider_failed', guarded);
    };

    it('opens after five failures in a row, answers at once, and closes again', async () => {
      odd.answers({ status: 500 });
      await fail(5);
      expect(odd.requests).toHaveLength(5);
      const begun = performance.now();
      for (const name of Object.keys(CALLS)) {
        const { retryAfter } = await unavailable(name, 'provider_circuit_open', guarded);
        expect(retryAfter).toBeLessThanOrEqual(2);
      }
      expect(performance.now() - begun).toBeLessThan(1_000);
      expect(odd.requests).toHaveLength(5);

      odd.answers(foreign());
      await pause(LIMITS.rest);
      expect(await guarded.getUser('ada')).toMatchObject({ id: ID });
      expect(logged).toEqual([
        'The passkey provider is not asked for 1500 ms: provider_failed',
        'The passkey provider answers again',
      ]);
    });

    it('stays open if the one request that tries is not answered', async () => {
      odd.answers({ status: 500 });
      await fail(5);
      await pause(LIMITS.rest);
      const asked = Array.from({ length: 20 }, () => failureOf(guarded.verifyNonce('nonce')));
      const reasons = (await Promise.all(asked)).map(reasonOf);
      expect(reasons.filter((it) => it === 'provider_failed')).toHaveLength(1);
      expect(reasons.filter((it) => it === 'provider_circuit_open')).toHaveLength(19);
      expect(odd.requests).toHaveLength(6);
    });

    it('counts retries, and says how the network failed', async () => {
      await odd.stop();
      await unavailable('getUser', 'provider_unreachable', guarded);
      await unavailable('getUser', 'provider_circuit_open', guarded);
      expect(logged).toEqual([
        'The passkey provider is not asked for 1500 ms: provider_unreachable (ECONNREFUSED)',
      ]);
    });

    it('counts answers that make no sense, and those that never come', async () => {
      odd.answers({ body: '[]' });
      const hasty = remotePassage(odd.settings, { ...LIMITS, write: 300 });
      for (let i = 0; i < 3; i++) await unavailable('getUser', 'provider_unintelligible', hasty);
      odd.answers('silence');
      for (let i = 0; i < 2; i++) await unavailable('verifyNonce', 'provider_timeout', hasty);
      await unavailable('getApp', 'provider_circuit_open', hasty);
    });

    it('counts no refusal, which shows that the server is well', async () => {
      odd.answers({ status: 500 });
      await fail(4);
      odd.answers(refusal(401, 'invalid_nonce'));
      for (let i = 0; i < 20; i++) {
        expect(await failureOf(guarded.verifyNonce('nonce'))).toMatchObject({ code: 'invalid_nonce' });
      }
      odd.answers({ status: 500 });
      await fail(4);
      odd.answers(foreign());
      expect(await guarded.getUser('ada')).not.toBeNull();
    });
  });
});
