import { gzipSync } from 'node:zlib';
import { Logger } from '@nestjs/common';
import type { Passage } from '../../src/passage/passage.js';
import { APP, DEVICE, foreign, ID, NOW, OddProvider, refusal, USER } from '../support/odd-provider.js';
import { BRIEF, CALLS, failureOf, remotePassage, unavailable } from '../support/providers.js';

describe('RemotePassage', () => {
  let odd: OddProvider;
  let passage: Passage;

  beforeEach(async () => {
    Logger.overrideLogger(false);
    odd = await new OddProvider().start();
    passage = remotePassage(odd.settings, BRIEF);
  });
  afterEach(() => odd?.stop());

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
        provider: 'x'.repeat(65),
        synced: 'yes',
        transports: 'usb',
        icons: { light: 'javascript:0' },
      };
      for (const user_handle of ['ä', 'A', 'AAAAA', 'A'.repeat(87), 7]) {
        const user = { webauthn_devices: [{ ...DEVICE, ...mine }], user_handle };
        odd.answers(foreign({ user, app: { rp_id: 7 } }));
        expect(await remotePassage(odd.settings, BRIEF).getDevices('ada')).toMatchObject({
          devices: [{ provider: null, synced: null, transports: [], icons: { light: null, dark: null } }],
          rpId: null,
          userHandle: null,
        });
      }
    });

    it('renames what was asked for, if it can: another passkey is no answer', async () => {
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
      ['for terminals', '\u0000\u001b[31m'.repeat(20_000), 'Passkey'],
      ['backwards', 'a\u202eb', 'Passkey'],
      ['empty', '', 'Passkey'],
    ])('shows a name that is %s as one that is fit to be shown', async (_how, friendly_name, shown) => {
      odd.answers(foreign({ user: { webauthn_devices: [{ ...DEVICE, friendly_name }] } }));
      expect((await passage.getDevices('ada')).devices).toMatchObject([{ friendlyName: shown }]);
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
        await unavailable(passage, 'getDevices', 'provider_unintelligible');
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
    ])('is a passkey with %j', async (changes) => {
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
    ])('of %s is %j', async (name, body) => {
      odd.answers({ body });
      await unavailable(passage, name, 'provider_unintelligible');
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
      await unavailable(passage, 'getUser', 'provider_unintelligible');
    });

    it.each([301, 302, 303, 307, 308])('leads elsewhere (%d), where our key is not taken', async (status) => {
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
    });
  });
});
