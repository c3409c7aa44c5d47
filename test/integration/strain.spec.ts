import { setTimeout as pause } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { UsersService } from '../../src/flex/users/users.service.js';
import { LenientBody } from '../../src/http/body.pipe.js';
import { Browser } from '../support/browser.js';
import { aReplicaOf, buildApp, buildAppOn, TEST, type TestApp } from '../support/build-app.js';
import { beginRegistration, registerPasskey } from '../support/flows.js';
import { type HttpAnswer, newAddress, send } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { auditTrail, count, flexUserIdOf, statementsOf } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';
import { type TransactionJson, TestUser } from '../support/test-user.js';

const FINISH = '/v1/apps/shop/authenticate/transactions/webauthn/finish';

describe('load', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  describe('an erasure', () => {
    let replica: TestApp;
    beforeAll(async () => {
      replica = await aReplicaOf(app);
    });
    afterAll(() => replica?.close());

    const erase = (on: TestApp, id: string) =>
      on.application
        .get(UsersService, { strict: false })
        .erase(TEST.appId, { id })
        .then(() => undefined);

    /** Each thing a user can do, twelve times over and about to be done. */
    async function aBusyUser() {
      const user = new TestUser(app);
      const passkeys = [
        await registerPasskey(user),
        await registerPasskey(user),
        await registerPasskey(user),
      ];
      const acts: (() => Promise<HttpAnswer>)[] = [];
      for (let i = 0; i < 12; i++) {
        const on = i % 2 === 0 ? app : replica;
        const browser = new Browser(on);
        const { authenticator, device } = passkeys[i % 3]!;
        const leave = i % 4 === 0 ? (await user.authenticateTransaction()).transactionId : undefined;
        const signIn = (await browser.beginSignIn(leave)).answer(authenticator);
        const begun = await beginRegistration(user, browser);
        const registration = begun.answer(new SoftwareAuthenticator());
        acts.push(
          () => browser.finish('authenticate', signIn),
          () => browser.finish('register', registration),
          () => user.on(on).rename(device.id, `name ${i}`),
          () => user.on(on).call('POST', '/user/authenticate-with-passkey'),
          () => enrol(user.on(on), browser),
        );
      }
      acts.push(() => user.revoke(passkeys[0]!.device.id));
      return { id: await flexUserIdOf(app, user.subject), acts };
    }

    async function enrol(user: TestUser, browser: Browser): Promise<HttpAnswer> {
      const leave = await user.call('POST', '/passkey/register');
      if (leave.status !== 201) return leave;
      const { transactionId } = leave.as<TransactionJson>();
      const begun = await browser.beginRegistration(transactionId).catch(() => null);
      return begun ? browser.finish('register', begun.answer(new SoftwareAuthenticator())) : leave;
    }

    it('succeeds during any other request of the user on two replicas, without a deadlock', async () => {
      for (let round = 0; round < 8; round++) {
        const { id, acts } = await aBusyUser();
        const soon = () => pause(Math.random() * 60);
        const erasures = [app, replica, app].map(async (on) => {
          await soon();
          return erase(on, id).catch((error: unknown) => error);
        });
        const answers = acts.map(async (act) => {
          await soon();
          return act();
        });
        for (const { status } of await Promise.all(answers)) expect(status).toBeLessThan(500);
        const outcomes = await Promise.all(erasures);
        expect(outcomes.filter((it) => it === undefined)).toHaveLength(1);
        expect(outcomes.filter((it) => it !== undefined)).toMatchObject([
          { code: 'user_not_found' },
          { code: 'user_not_found' },
        ]);
        for (const table of ['devices', 'transactions', 'nonces'])
          expect(await count(app, `${table} where user_id = $1`, id)).toBe(0);
      }
    }, 120_000);
  });

  describe('a body that is expensive to validate', () => {
    const members = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`m${i}`, 1]));

    it.each<[string, object]>([
      ['members', { handshake_id: 'a', handshake_response: members(6_000) }],
      ['unknown members', { handshake_id: 'a', handshake_response: {}, ...members(6_000) }],
      ['items', { handshake_id: 'a', handshake_response: { a: Array(30_000).fill(1) } }],
      ['objects', { handshake_id: 'a', handshake_response: { a: Array(20_000).fill({}) } }],
    ])('is refused before it is validated when it has very many %s', async (_what, payload) => {
      const error = 'The body holds too many values.';
      const validating = jest.spyOn(LenientBody, 'transform');
      try {
        const statements = await statementsOf(app, async () => {
          const answer = await send(app, {
            method: 'POST',
            url: FINISH,
            payload,
            remoteAddress: newAddress(),
          });
          expect([answer.status, answer.body]).toEqual([400, { code: 'invalid_request', error }]);
        });
        expect([validating.mock.calls.length, statements]).toEqual([0, 0]);
      } finally {
        validating.mockRestore();
      }
    });

    it('may have 900 members, more than any browser sends', async () => {
      const payload = { handshake_id: 'a', handshake_response: { clientExtensionResults: members(900) } };
      const answer = await send(app, { method: 'POST', url: FINISH, payload, remoteAddress: newAddress() });
      expect(answer.status).toBe(401);
    });

    it('causes no normalization of a text over 1,024 characters, even with many combining marks', async () => {
      const user = new TestUser(app);
      const composing = jest.spyOn(String.prototype, 'normalize');
      try {
        const name = `a${'\u0301'.repeat(1_000)}${'\u0316'.repeat(1_000)}`;
        expect((await user.rename('unknown', name)).status).toBe(400);
        expect((await user.rename('unknown', 'Cafe\u0301')).status).toBe(404);
        const lengths = composing.mock.contexts.map((text) => String(text).length);
        expect(lengths).toContain('Cafe\u0301'.length);
        expect(Math.max(...lengths)).toBeLessThanOrEqual(1_024);
      } finally {
        composing.mockRestore();
      }
    });
  });

  describe('a client address', () => {
    let proxied: TestApp;
    beforeAll(async () => {
      const { database, passage, http } = app.configuration;
      proxied = await buildAppOn(database, { passage, http: { ...http, trustProxy: 1 } });
    });
    afterAll(() => proxied?.close());

    const PROXY = '10.255.0.1';
    /** What is left of the limit after a request that came with this `X-Forwarded-For`. */
    const left = async (forwarded: string, remoteAddress = PROXY) => {
      const headers = { 'x-forwarded-for': forwarded };
      const answer = await send(proxied, { url: '/v1/apps/shop', headers, remoteAddress });
      return Number(answer.headers['x-ratelimit-remaining']);
    };

    it.each([
      ['with a port', ['203.0.113.7:1024', '203.0.113.7:1025', '203.0.113.7']],
      ['with a port, IPv6', ['[2001:db8:7::1]:1024', '2001:db8:7::1', '[2001:db8:7::1]']],
      ['mapped to IPv6', ['::ffff:203.0.113.8', '203.0.113.8', '::FFFF:203.0.113.8']],
      ['of one /64', ['2001:0:0:3::1', '2001::3:4:5:6:7', '2001:0:0:3:ffff::']],
      ['that is malformed', ['unknown', 'x'.repeat(9_000), '999.0.0.1', '_hidden']],
      ['with others claimed before it', ['1.1.1.1, 203.0.113.9', '2.2.2.2, 203.0.113.9']],
    ])('%s shares one rate limit with its other spellings', async (_what, spellings) => {
      const first = await left(spellings[0]!);
      for (const [i, spelling] of spellings.slice(1).entries())
        expect(await left(spelling)).toBe(first - i - 1);
    });

    it.each([
      ['2001:db8:0:1::1', '2001:db8:0:2::1'],
      ['2001::4:4:5:6:7', '2001::5:4:5:6:7'],
      ['203.0.113.20', '203.0.113.21'],
    ])('%s has another rate limit than %s', async (one, other) => {
      expect(await left(one)).toBe(await left(other));
    });

    it('is stored in the audit trail without its port', async () => {
      const tenant = await Tenant.create(proxied);
      const url = `/v1/apps/${tenant.id}/authenticate/transactions/webauthn`;
      const post = (step: string, payload: object) =>
        send(proxied, {
          method: 'POST',
          url: `${url}/${step}`,
          payload,
          remoteAddress: PROXY,
          headers: { 'x-forwarded-for': '203.0.113.30:4711' },
        });
      const { handshake } = (await post('start', {})).expect<{ handshake: { id: string } }>();
      await post('finish', { handshake_id: handshake.id, handshake_response: {} });
      expect((await auditTrail(app)).at(-1)).toMatchObject({
        type: 'passkey.refused',
        address: '203.0.113.30',
      });
    });
  });
});
