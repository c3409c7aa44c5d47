import { gzipSync } from 'node:zlib';
import { Logger } from '@nestjs/common';
import type { Passage } from '../../src/passage/passage.js';
import { APP, DEVICE, foreign, ID, NOW, OddProvider, refusal, USER } from '../support/odd-provider.js';
import { BRIEF, CALLS, failureOf, remotePassage, unavailable } from '../support/providers.js';

const NO_DEVICES = { devices: [], limit: null, lastPasskey: null, rpId: null, signalUserHandles: [] };

describe('RemotePassage', () => {
  let odd: OddProvider;
  let passage: Passage;

  beforeEach(async () => {
    Logger.overrideLogger(false);
    odd = await new OddProvider().start();
    passage = remotePassage(odd.settings, BRIEF);
  });
  afterEach(() => odd?.stop());

  describe('with a provider that is not Keyway', () => {
    beforeEach(() => odd.answers(foreign()));

    it('returns what the provider sends, and null for what it does not send', async () => {
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
            automatic: null,
            nameCode: null,
            createdFrom: null,
            lastUsedFrom: null,
          },
        ],
        limit: null,
        lastPasskey: null,
        rpId: null,
        signalUserHandles: [],
      });
      expect(await passage.verifyNonce('nonce')).toEqual({ externalId: 'ada', kind: null, deviceId: null });
      expect(await passage.getApp()).toEqual({
        id: 'shop',
        name: 'The Shop',
        rpId: null,
        stepUp: { by: 'off', maxAge: 0, acrValues: [], amrValues: [] },
        lastPasskey: null,
        maxPasskeysPerUser: null,
        origins: ['https://shop.example', 'https://m.shop.example'],
      });
    });

    it('ignores malformed values of the members that only Keyway has', async () => {
      const mine = {
        provider: 'x'.repeat(65),
        synced: 'yes',
        transports: 'usb',
        icons: { light: 'javascript:0' },
      };
      for (const user_handle of ['ä', 'A', 'AAAAA', 'A'.repeat(87), 7]) {
        const user = {
          webauthn_devices: [{ ...DEVICE, ...mine }],
          signal_user_handles: ['AAAA', user_handle],
        };
        odd.answers(foreign({ user, app: { rp_id: 7, max_passkeys_per_user: '50' } }));
        expect(await remotePassage(odd.settings, BRIEF).getDevices('ada')).toMatchObject({
          devices: [{ provider: null, synced: null, transports: [], icons: { light: null, dark: null } }],
          limit: null,
          lastPasskey: null,
          rpId: null,
          signalUserHandles: [],
        });
      }
    });

    it('signals no user handle of a server that does not tell whether a passkey is being registered', async () => {
      odd.answers(foreign({ user: { user_handle: 'S8Qk' }, app: { rp_id: 'shop.example' } }));
      expect(await remotePassage(odd.settings, BRIEF).getDevices('ada')).toMatchObject({
        rpId: 'shop.example',
        signalUserHandles: [],
      });
    });

    it('renames the requested passkey, and refuses a response about another one', async () => {
      const renames = (device: object) =>
        odd.answers((request) =>
          request.method === 'PATCH' ? { body: { device: { ...DEVICE, ...device } } } : foreign()(request),
        );
      renames({ friendly_name: 'Work' });
      expect(await passage.renameDevice('ada', 'dev_1', 'Work')).toMatchObject({ friendlyName: 'Work' });
      renames({ id: 'dev_2', friendly_name: 'Work' });
      await unavailable(passage, 'renameDevice', 'provider_unintelligible');
    });

    it.each([
      ['untrimmed', '  Café ', 'Café'],
      ['long', 'x'.repeat(64), 'x'.repeat(64)],
      ['too long', 'x'.repeat(500_000), 'Passkey'],
      ['made of control sequences', '\u0000\u001b[31m'.repeat(20_000), 'Passkey'],
      ['written with a bidirectional override', 'a\u202eb', 'Passkey'],
      ['empty', '', 'Passkey'],
    ])('returns a displayable name for a name that is %s', async (_how, friendly_name, shown) => {
      odd.answers(foreign({ user: { webauthn_devices: [{ ...DEVICE, friendly_name }] } }));
      expect((await passage.getDevices('ada')).devices).toMatchObject([{ friendlyName: shown }]);
    });

    it('throws access_denied if the provider cannot rename', async () => {
      expect(await failureOf(CALLS.renameDevice!(passage))).toMatchObject({ code: 'access_denied' });
    });

    it('sorts the passkeys oldest first', async () => {
      const devices = ['2026-03-01T00:00:00Z', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00.5+02:00'];
      const made = devices.map((created_at, i) => ({ ...DEVICE, id: `dev_${i}`, created_at }));
      odd.answers(foreign({ user: { webauthn_devices: made } }));
      expect((await passage.getDevices('ada')).devices.map(({ id }) => id)).toEqual([
        'dev_1',
        'dev_2',
        'dev_0',
      ]);
    });

    it('sends the requests of the protocol over persistent connections', async () => {
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
          'GET /events?external_id=ada&limit=1',
          `GET /users/${ID}`,
          `PATCH /users/${ID}/devices/dev_1`,
          `DELETE /users/${ID}/devices/dev_1`,
          `DELETE /users/${ID}`,
          'POST /transactions/register',
          'POST /transactions/authenticate',
          'POST /authenticate/verify',
        ]),
      );
      for (const { headers, method, url, body } of odd.requests) {
        // What anybody may know of the app takes no key.
        expect(headers.authorization).toBe(url === '/v1/apps/shop' ? undefined : 'Bearer hunter2');
        if (method === 'POST') expect(headers['content-type']).toBe('application/json');
        else if (method !== 'PATCH') expect(body).toBe('');
      }
    });

    it('asks for the app once in five seconds, however often it lists passkeys', async () => {
      for (let i = 0; i < 5; i++) await passage.getDevices('ada');
      expect(odd.requests.filter(({ url }) => url === '/v1/apps/shop')).toHaveLength(1);
    });
  });

  describe('with a provider that matches users loosely', () => {
    const listed = [
      { ...USER, id: 'somebody', external_id: 'ada2' },
      { ...USER, id: 'another', external_id: 'Ada' },
    ];

    it('finds no user among similar external IDs', async () => {
      odd.answers(foreign({ listed }));
      expect(await passage.getUser('ada')).toBeNull();
      expect(await passage.getDevices('ada')).toEqual(NO_DEVICES);
      for (const name of ['revokeDevice', 'renameDevice']) {
        expect(await failureOf(CALLS[name]!(passage))).toMatchObject({ code: 'device_not_found' });
      }
      expect(odd.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    });

    it('finds the exact user among similar external IDs', async () => {
      odd.answers(foreign({ listed: [...listed, USER] }));
      expect(await passage.getUser('ada')).toMatchObject({ id: ID });
      await passage.revokeDevice('ada', 'dev_1');
      expect(odd.requests.at(-1)).toMatchObject({
        method: 'DELETE',
        url: `/v1/apps/shop/users/${ID}/devices/dev_1`,
      });
    });

    it.each([{ id: 'other' }, { external_id: 'eve' }])(
      'refuses a response about another user: %j',
      async (user) => {
        odd.answers(foreign({ user, listed: [USER] }));
        await unavailable(passage, 'getDevices', 'provider_unintelligible');
      },
    );
  });

  it('reports an unknown user when the user is deleted during a call', async () => {
    odd.answers(({ url }) =>
      url.includes('?')
        ? { body: { users: [USER] } }
        : url.includes('/users/')
          ? refusal(404, 'user_not_found')
          : { body: { app: APP } },
    );
    expect(await passage.getDevices('ada')).toEqual(NO_DEVICES);
    for (const name of ['revokeDevice', 'renameDevice']) {
      expect(await failureOf(CALLS[name]!(passage))).toMatchObject({ code: 'device_not_found' });
    }
  });

  describe('reports an outage', () => {
    const user = (changes: object) => ({ users: [{ ...USER, ...changes }] });

    it.each([
      ['not JSON', '{"users":'],
      ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
      ['empty', ''],
      ['a string', '"users"'],
      ['null', 'null'],
      ['an array', '[]'],
      ['an object without the requested member', {}],
      ['an object instead of a list', { users: {} }],
      ['a list with null', { users: [null] }],
      ['a user with a number as external ID', user({ external_id: 7 })],
      ['a user with a path as id', user({ id: '../../apps' })],
      ['a user with an unknown status', user({ status: 'frozen' })],
      ['a user with a fractional count', user({ login_count: 0.5 })],
      ['a user with a negative count', user({ login_count: -1 })],
      ['a user with a malformed time', user({ created_at: 'yesterday' })],
      ['a user with an impossible date', user({ created_at: '2026-13-01T00:00:00Z' })],
      ['an object with __proto__', '{"__proto__":{"users":[]}}'],
    ])('when the response is %s', async (_what, body) => {
      odd.answers({ body });
      await unavailable(passage, 'getUser', 'provider_unintelligible');
      expect(odd.requests).toHaveLength(1);
    });

    it.each([
      { id: '' },
      { id: 7 },
      { cred_id: '' },
      { cred_id: 'ä' },
      { cred_id: 'A' },
      { cred_id: 'AAAAA' },
      { type: 'phone' },
      { friendly_name: null },
      { usage_count: '1' },
      { usage_count: 1, last_login_at: null },
      { updated_at: undefined },
    ])('when a passkey has %j', async (changes) => {
      odd.answers(foreign({ user: { webauthn_devices: [{ ...DEVICE, ...changes }] } }));
      await unavailable(passage, 'getDevices', 'provider_unintelligible');
    });

    it.each([
      ['createRegisterTransaction', { transaction_id: '' }],
      ['createAuthenticateTransaction', { transaction_id: null }],
      ['verifyNonce', { external_id: '' }],
      ['verifyNonce', { kind: 'register' }],
      ['getApp', { app: { ...APP, auth_origin: 7 } }],
      ['getApp', { app: { ...APP, id: 'bank' } }],
    ])('when the response to %s is %j', async (name, body) => {
      odd.answers({ body });
      await unavailable(passage, name, 'provider_unintelligible');
    });

    it.each([
      ['uncompressed', { body: `{"users":[],"x":"${'x'.repeat(1024 * 1024)}"}` }],
      [
        'after decompression',
        {
          headers: { 'content-encoding': 'gzip' },
          body: gzipSync(`{"users":[],"x":"${'x'.repeat(4 * 1024 * 1024)}"}`),
        },
      ],
    ])('when the response is larger than 1 MiB, %s', async (_how, answer) => {
      odd.answers(answer);
      await unavailable(passage, 'getUser', 'provider_unintelligible');
    });

    it.each([301, 302, 303, 307, 308])(
      'when the response is a redirect (%d), to which the API key is not sent',
      async (status) => {
        const elsewhere = await new OddProvider(foreign()).start();
        try {
          const location = `${elsewhere.settings.baseUrl}/apps/shop/users?identifier=ada`;
          odd.answers({ status, headers: { location } });
          await unavailable(passage, 'getUser', 'provider_unintelligible');
          await unavailable(passage, 'verifyNonce', 'provider_unintelligible');
          expect(elsewhere.requests).toEqual([]);
        } finally {
          await elsewhere.stop();
        }
      },
    );
  });
});
