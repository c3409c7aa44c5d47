import { setTimeout as pause } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import { embeddedPassageOf } from '../../src/config/configuration.js';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { PurgeService } from '../../src/flex/purge.service.js';
import { type BegunRegistration, Browser, type FinishBody } from '../support/browser.js';
import { aReplicaOf, buildApp, buildAppOn, TEST, type TestApp } from '../support/build-app.js';
import { beginRegistration, beginStepUp, registerPasskey, signIn, stepUp, times } from '../support/flows.js';
import { type HttpAnswer } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import {
  contents,
  contentsButTrail,
  count,
  eventsOf,
  flexUserIdOf,
  sql,
  tablesHolding,
} from '../support/tables.js';
import { Tenant } from '../support/tenant.js';
import { TestUser } from '../support/test-user.js';

const succeeded = (answers: readonly HttpAnswer[]) => answers.filter(({ status }) => status < 300);
const statuses = (answers: readonly HttpAnswer[]) => answers.map(({ status }) => status).sort();

describe('single use', () => {
  let app: TestApp;
  /** A second process on the same database, with the same secrets. */
  let replica: TestApp;
  beforeAll(async () => {
    app = await buildApp();
    replica = await aReplicaOf(app);
  });
  afterAll(async () => {
    await replica?.close();
    await app?.close();
  });

  const aUser = () => new TestUser(app);
  /** What is left behind by the ceremonies of one user. */
  const traces = async ({ subject }: TestUser) => {
    const id = await flexUserIdOf(app, subject);
    return {
      devices: await count(app, 'devices where user_id = $1', id),
      nonces: await count(app, 'nonces where user_id = $1', id),
      events: await count(
        app,
        `audit_events where user_id = $1 and type in ('passkey.registered', 'passkey.used')`,
        id,
      ),
    };
  };
  const expireTransactions = (user: TestUser) =>
    sql(
      app,
      `update transactions t set expires_at = now() - interval '1 second' from flex_users f
       join users u on u.passage_external_id = f.external_id where f.id = t.user_id and u.subject = $1`,
      user.subject,
    );

  /** Runs `work` while what the service knows of the database's clock, by which handshakes are dated, is behind it. */
  const whileBehind = async <T>(seconds: number, work: () => Promise<T>): Promise<T> => {
    const clock = jest
      .spyOn(DatabaseClock.prototype, 'now')
      .mockImplementation(() => Date.now() - seconds * 1000);
    try {
      return await work();
    } finally {
      clock.mockRestore();
    }
  };

  describe('replays', () => {
    it('registers at most one passkey when a handshake is finished twice', async () => {
      const user = aUser();
      const { browser, answer } = await beginRegistration(user);
      const authenticator = new SoftwareAuthenticator();
      const body = answer(authenticator);
      expect((await browser.finish('register', body)).status).toBe(200);
      const before = await contentsButTrail(app);
      const replayed = [body, answer(new SoftwareAuthenticator())];
      for (const again of replayed) {
        const answered = await browser.finish('register', again);
        expect([answered.status, answered.body]).toMatchObject([400, { code: 'invalid_request' }]);
      }
      expect(await contentsButTrail(app)).toEqual(before);
      expect(await traces(user)).toEqual({ devices: 1, nonces: 1, events: 1 });
    });

    it('signs in at most once when a handshake is finished twice', async () => {
      const passkey = await registerPasskey(aUser());
      const free = (await passkey.browser.beginSignIn()).answer(passkey.authenticator);
      const bound = (await beginStepUp(passkey)).answer(passkey.authenticator);
      for (const [body, code] of [
        [free, 'discoverable_login_failed'],
        [bound, 'webauthn_login_failed'],
      ] as const) {
        expect((await passkey.browser.finish('authenticate', body)).status).toBe(200);
        const before = await contentsButTrail(app);
        const again = await passkey.browser.finish('authenticate', body);
        expect([again.status, again.body]).toMatchObject([401, { code }]);
        expect(await contentsButTrail(app)).toEqual(before);
      }
      expect(await passkey.user.passkeys()).toMatchObject([{ usageCount: 2 }]);
    });

    it('finishes only the first of several handshakes of a transaction', async () => {
      const user = aUser();
      const first = await beginRegistration(user);
      const second = await first.browser.beginRegistration(first.transactionId);
      expect((await first.browser.finish('register', first.answer(new SoftwareAuthenticator()))).status).toBe(
        200,
      );
      const late = await first.browser.finish('register', second.answer(new SoftwareAuthenticator()));
      expect([late.status, late.body]).toMatchObject([404, { code: 'transaction_not_found' }]);
      expect(await traces(user)).toMatchObject({ devices: 1, nonces: 1 });
    });

    it('says of a transaction that is spent or expired just that, also to a user who may have no more passkeys', async () => {
      const tenant = await Tenant.create(app, { max_passkeys_per_user: 1 });
      const browser = tenant.browser();
      const expiring = await browser.beginRegistration(await tenant.registerTransaction('ada'));
      const leave = await tenant.registerTransaction('ada');
      const [spent, late] = [await browser.beginRegistration(leave), await browser.beginRegistration(leave)];
      const finish = async ({ answer }: BegunRegistration) => {
        const { status, body } = await browser.finish('register', answer(new SoftwareAuthenticator()));
        return `${status} ${(body as { code?: string }).code}`;
      };
      expect(await finish(spent)).toBe('200 undefined');
      expect(await finish(expiring)).toBe('403 operation_not_allowed');
      await sql(
        app,
        'update transactions set expires_at = now() where app_id = $1 and consumed_at is null',
        tenant.id,
      );
      expect(await finish(expiring)).toBe('404 transaction_not_found');
      expect(await finish(late)).toBe('404 transaction_not_found');
      expect(await finish(spent)).toBe('400 invalid_request');
    });

    it('verifies a nonce at most once', async () => {
      const passkey = await registerPasskey(aUser());
      const nonce = await stepUp(passkey);
      expect((await passkey.user.verify(nonce)).status).toBe(200);
      for (const user of [passkey.user, passkey.user.on(replica), aUser()]) {
        expect((await user.verify(nonce)).as()).toMatchObject({ status: 401, code: 'invalid_nonce' });
      }
    });
  });

  describe('expiry', () => {
    it('an expired transaction starts and finishes no ceremony', async () => {
      const passkey = await registerPasskey(aUser());
      const { user, browser, authenticator } = passkey;
      const registration = await beginRegistration(user);
      const bound = await beginStepUp(passkey);
      await expireTransactions(user);
      const before = await contentsButTrail(app);
      const answers = [
        await browser.post('register', 'start', { transaction_id: registration.transactionId }),
        await browser.post('authenticate', 'start', { transaction_id: bound.transactionId }),
        await browser.finish('register', registration.answer(new SoftwareAuthenticator())),
        await browser.finish('authenticate', bound.answer(authenticator)),
      ];
      for (const { status, body } of answers)
        expect([status, body]).toMatchObject([404, { code: 'transaction_not_found' }]);
      expect(await contentsButTrail(app)).toEqual(before);
    });

    it('an expired nonce is refused', async () => {
      const passkey = await registerPasskey(aUser());
      const nonce = await signIn(passkey);
      await sql(app, `update nonces set expires_at = now() - interval '1 second' where consumed_at is null`);
      expect((await passkey.user.verify(nonce)).as()).toMatchObject({ code: 'invalid_nonce' });
    });

    it('an expired handshake finishes no ceremony, and its refusal writes no audit event', async () => {
      const tenant = await Tenant.create(app, { handshake_ttl: 3 });
      const { authenticator } = await tenant.register('ada');
      const browser = tenant.browser();
      const registration = await browser.beginRegistration(await tenant.registerTransaction('ada'));
      const free = await browser.beginSignIn();
      const before = await contents(app);
      await pause(3_050);
      const register = await browser.finish('register', registration.answer(new SoftwareAuthenticator()));
      expect([register.status, register.body]).toMatchObject([400, { code: 'invalid_request' }]);
      const authenticate = await browser.finish('authenticate', free.answer(authenticator));
      expect([authenticate.status, authenticate.body]).toMatchObject([
        401,
        { code: 'discoverable_login_failed' },
      ]);
      expect(await contents(app)).toEqual(before);
    });

    it('a handshake finishes nothing once it expired by the clock of the database, though what is known of it lags', async () => {
      const tenant = await Tenant.create(app, { handshake_ttl: 3 });
      const { authenticator } = await tenant.register('ada');
      const browser = tenant.browser();
      const registration = await browser.beginRegistration(await tenant.registerTransaction('ada'));
      const bound = await browser.beginSignIn(await tenant.authenticateTransaction('ada'));
      const free = await browser.beginSignIn();
      const before = await contentsButTrail(app);
      await pause(3_050);
      const events = await eventsOf(app, () =>
        whileBehind(10, async () => {
          const answers = [
            await browser.finish('register', registration.answer(new SoftwareAuthenticator())),
            await browser.finish('authenticate', bound.answer(authenticator)),
            await browser.finish('authenticate', free.answer(authenticator)),
          ];
          expect(answers.map(({ status }) => status)).toEqual([400, 401, 401]);
        }),
      );
      expect(events.map(({ reason }) => reason)).toEqual(Array(3).fill('handshake_spent'));
      expect(await contentsButTrail(app)).toEqual(before);
    });

    it('transactions, handshakes and nonces live as long as the app says, or else the settings', async () => {
      const { database } = app.configuration;
      const passage = embeddedPassageOf(app.configuration);
      const lifetimes = { handshake: 60, registerTransaction: 61, authenticateTransaction: 62, nonce: 63 };
      const brief = await buildAppOn(database, { passage: { ...passage, lifetimes } });
      try {
        const own = {
          handshake_ttl: 70,
          register_transaction_ttl: 71,
          authenticate_transaction_ttl: 72,
          nonce_ttl: 73,
        };
        for (const [tenant, expected] of [
          [await Tenant.create(brief), [60, 61, 62, 63]],
          [await Tenant.create(brief, own), [70, 71, 72, 73]],
        ] as const) {
          const { authenticator } = await tenant.register('ada');
          const leave = await tenant.authenticateTransaction('ada');
          const begun = await tenant.browser().beginSignIn(leave);
          await tenant.browser().finish('authenticate', begun.answer(authenticator));
          const lived = await sql<{ seconds: number }>(
            app,
            `select extract(epoch from expires_at - created_at)::integer as seconds
             from (select kind, 1 as what, expires_at, created_at, app_id from transactions
                   union all select kind, 2, expires_at, created_at, app_id from nonces) t
             where app_id = $1 order by what, kind desc`,
            tenant.id,
          );
          expect(lived.map(({ seconds }) => seconds)).toEqual([
            expected[1],
            expected[2],
            expected[3],
            expected[3],
          ]);
          expect(begun.publicKey.timeout).toBe(expected[0] * 1000);
          const finishAfter = async (seconds: number) => {
            const handshake = await whileBehind(seconds, () => tenant.browser().beginSignIn());
            return (await tenant.browser().finish('authenticate', handshake.answer(authenticator))).status;
          };
          expect(await finishAfter(expected[0] - 5)).toBe(200);
          expect(await finishAfter(expected[0] + 1)).toBe(401);
        }
      } finally {
        await brief.close();
      }
    });

    it('expired rows stay for ten minutes, and are then purged', async () => {
      const tenant = await Tenant.create(app);
      const { authenticator } = await tenant.register('ada');
      await tenant.signIn(authenticator);
      const purge = app.application.get(PurgeService, { strict: false });
      const tables = ['transactions', 'nonces', 'spent_handshakes'];
      const rows = () => Promise.all(tables.map((table) => count(app, table)));
      for (const table of tables)
        await sql(app, `update ${table} set expires_at = now() - interval '9 minutes 50 seconds'`);
      const before = await rows();
      expect(Math.min(...before)).toBeGreaterThan(0);
      expect(await purge.purge()).toEqual({
        nonces: 0,
        transactions: 0,
        handshakes: 0,
        refusals: 0,
        anonymised: 0,
        deliveries: 0,
      });
      expect(await rows()).toEqual(before);
      for (const table of tables)
        await sql(app, `update ${table} set expires_at = now() - interval '10 minutes 1 second'`);
      await sql(
        app,
        `insert into spent_handshakes (app_id, hash, expires_at)
           select '${TEST.appId}', sha256(n::text::bytea), now() - interval '1 hour' from generate_series(1, 2500) n`,
      );
      const [transactions, nonces, handshakes] = before as [number, number, number];
      expect(await purge.purge()).toEqual({
        nonces,
        transactions,
        handshakes: handshakes + 2_500,
        refusals: 0,
        anonymised: 0,
        deliveries: 0,
      });
      expect(await rows()).toEqual([0, 0, 0]);
    });
  });

  describe('refusals', () => {
    it('a refused registration consumes nothing, and the right response still succeeds', async () => {
      const user = aUser();
      const { browser, answer } = await beginRegistration(user);
      const before = await contentsButTrail(app);
      const wrong = [
        { origin: 'https://evil.example' },
        { flags: { uv: false } },
        { clientData: { challenge: 'AAAA' } },
      ];
      const events = await eventsOf(app, async () => {
        for (const overrides of wrong) {
          const refused = await browser.finish('register', answer(new SoftwareAuthenticator(), overrides));
          expect(refused.status).toBe(400);
        }
      });
      expect(events.map(({ type, reason }) => `${type}: ${reason}`)).toEqual([
        'passkey.refused: origin_not_allowed',
        'passkey.refused: user_not_verified',
        'passkey.refused: challenge_mismatch',
      ]);
      expect(await contentsButTrail(app)).toEqual(before);
      expect((await browser.finish('register', answer(new SoftwareAuthenticator()))).status).toBe(200);
    });

    it('a registration with a credential ID in use is rolled back completely', async () => {
      const owner = await registerPasskey(aUser());
      const credentialId = owner.authenticator.credentials[0]!.id;
      const { browser, answer } = await beginRegistration(aUser());
      const before = await contentsButTrail(app);
      const events = await eventsOf(app, async () => {
        const taken = await browser.finish('register', answer(new SoftwareAuthenticator(), { credentialId }));
        expect(taken.status).toBe(400);
      });
      expect(events).toMatchObject([{ type: 'passkey.refused', reason: 'credential_id_in_use' }]);
      expect(await contentsButTrail(app)).toEqual(before);
      expect((await browser.finish('register', answer(new SoftwareAuthenticator()))).status).toBe(200);
    });

    it('a refused sign-in consumes nothing, with or without a transaction', async () => {
      const passkey = await registerPasskey(aUser(), { traits: { counter: 'increasing' } });
      const { browser, authenticator } = passkey;
      for (const begun of [await browser.beginSignIn(), await beginStepUp(passkey)]) {
        const before = await contentsButTrail(app);
        for (const overrides of [
          { counter: 1 },
          { origin: 'https://evil.example' },
          { flags: { up: false } },
        ]) {
          expect((await browser.finish('authenticate', begun.answer(authenticator, overrides))).status).toBe(
            401,
          );
        }
        expect(await contentsButTrail(app)).toEqual(before);
        expect((await browser.finish('authenticate', begun.answer(authenticator))).status).toBe(200);
      }
    });
  });

  describe('races', () => {
    it('50 finishes of one handshake register one passkey and return one nonce', async () => {
      const user = aUser();
      const { browser, answer } = await beginRegistration(user);
      const bodies = times(50, () => answer(new SoftwareAuthenticator()));
      const answers = await Promise.all(bodies.map((body) => browser.finish('register', body)));
      expect(statuses(answers)).toEqual([200, ...times(49, () => 400)]);
      expect(await traces(user)).toEqual({ devices: 1, nonces: 1, events: 1 });
      const { nonce } = succeeded(answers)[0]!.as<{ nonce: string }>();
      expect((await user.verify(nonce)).status).toBe(200);
    });

    it.each(['bound', 'discoverable'])('50 finishes of one %s handshake sign in once', async (form) => {
      const passkey = await registerPasskey(aUser());
      const begun = form === 'bound' ? await beginStepUp(passkey) : await passkey.browser.beginSignIn();
      const bodies = times(50, () => begun.answer(passkey.authenticator));
      const answers = await Promise.all(bodies.map((body) => passkey.browser.finish('authenticate', body)));
      expect(statuses(answers)).toEqual([200, ...times(49, () => 401)]);
      expect(await traces(passkey.user)).toEqual({ devices: 1, nonces: 2, events: 2 });
      expect(await passkey.user.passkeys()).toMatchObject([{ usageCount: 1 }]);
      const { nonce } = succeeded(answers)[0]!.as<{ nonce: string }>();
      expect((await passkey.user.verify(nonce)).status).toBe(200);
    });

    it('50 verifications of one nonce on two replicas succeed once', async () => {
      const passkey = await registerPasskey(aUser());
      const nonce = await signIn(passkey);
      const callers = [passkey.user, passkey.user.on(replica)];
      const answers = await Promise.all(times(50, (i) => callers[i % 2]!.verify(nonce)));
      expect(statuses(answers)).toEqual([200, ...times(49, () => 401)]);
    });

    it('10 finishes of registrations on one transaction succeed once', async () => {
      const user = aUser();
      const first = await beginRegistration(user);
      const others = await Promise.all(times(9, () => first.browser.beginRegistration(first.transactionId)));
      const bodies = [first, ...others].map((begun) => begun.answer(new SoftwareAuthenticator()));
      const registered = await Promise.all(bodies.map((body) => first.browser.finish('register', body)));
      expect(statuses(registered)).toEqual([200, ...times(9, () => 404)]);
      expect(await traces(user)).toEqual({ devices: 1, nonces: 1, events: 1 });
    });

    it('10 finishes of sign-ins on one transaction succeed once', async () => {
      const passkey = await registerPasskey(aUser());
      const first = await beginStepUp(passkey);
      const others = await Promise.all(times(9, () => passkey.browser.beginSignIn(first.transactionId)));
      const bodies = [first, ...others].map((begun) => begun.answer(passkey.authenticator));
      const answers = await Promise.all(bodies.map((body) => passkey.browser.finish('authenticate', body)));
      expect(statuses(answers)).toEqual([200, ...times(9, () => 404)]);
      expect(await passkey.user.passkeys()).toMatchObject([{ usageCount: 1 }]);
    });

    it('finishes of one handshake on two replicas succeed once', async () => {
      const user = aUser();
      const { answer } = await beginRegistration(user);
      const race = async (kind: 'register' | 'authenticate', bodies: FinishBody[]) => {
        const browsers = [new Browser(app), new Browser(replica)];
        const all = bodies.flatMap((body) => browsers.map((browser) => browser.finish(kind, body)));
        return succeeded(await Promise.all(all)).length;
      };
      const authenticator = new SoftwareAuthenticator();
      const body = answer(authenticator);
      expect(
        await race(
          'register',
          times(10, () => body),
        ),
      ).toBe(1);
      const begun = await new Browser(replica).beginSignIn();
      expect(
        await race(
          'authenticate',
          times(10, () => begun.answer(authenticator)),
        ),
      ).toBe(1);
      expect(await traces(user)).toEqual({ devices: 1, nonces: 2, events: 2 });
      expect(await user.passkeys()).toMatchObject([{ usageCount: 1 }]);
    });

    it('20 first registrations of a user create one external ID', async () => {
      const user = aUser();
      const callers = [user, user.on(replica)];
      const answers = await Promise.all(times(20, (i) => callers[i % 2]!.call('POST', '/passkey/register')));
      expect(statuses(answers)).toEqual(times(20, () => 201));
      expect(await count(app, 'users where subject = $1', user.subject)).toBe(1);
      const id = await flexUserIdOf(app, user.subject);
      expect(await count(app, 'transactions where user_id = $1', id)).toBe(20);
      const handles = new Set<string>();
      for (const answer of answers) {
        const { transactionId } = answer.as<{ transactionId: string }>();
        handles.add((await new Browser(app).beginRegistration(transactionId)).publicKey.user.id);
      }
      expect(handles.size).toBe(1);
    });

    it('10 finishes of a user who may have 3 passkeys register 3', async () => {
      const tenant = await Tenant.create(app, { max_passkeys_per_user: 3 });
      const browser = tenant.browser();
      const leaves = await Promise.all(times(10, () => tenant.registerTransaction('ada')));
      const begun = await Promise.all(leaves.map((leave) => browser.beginRegistration(leave)));
      const bodies = begun.map(({ answer }) => answer(new SoftwareAuthenticator()));
      const answers = await Promise.all(bodies.map((body) => browser.finish('register', body)));
      expect(statuses(answers)).toEqual([200, 200, 200, ...times(7, () => 403)]);
      expect(await count(app, 'devices where app_id = $1', tenant.id)).toBe(3);
      const names = await sql<{ name: string }>(
        app,
        'select friendly_name as name from devices where app_id = $1 order by 1',
        tenant.id,
      );
      expect(names.map(({ name }) => name)).toEqual(['Passkey', 'Passkey (2)', 'Passkey (3)']);
    });

    it('10 users who claim one credential ID register it once', async () => {
      const credentialId = randomBytes(32);
      const begun = await Promise.all(times(10, () => beginRegistration(aUser())));
      const answers = await Promise.all(
        begun.map(({ browser, answer }) =>
          browser.finish('register', answer(new SoftwareAuthenticator(), { credentialId })),
        ),
      );
      expect(statuses(answers)).toEqual([200, ...times(9, () => 400)]);
      expect(await count(app, 'devices where credential_id = $1', credentialId)).toBe(1);
    });

    it('10 sign-ins with the same counter succeed once, and the others are suspected clones', async () => {
      const passkey = await registerPasskey(aUser(), { traits: { counter: 'increasing' } });
      const begun = await Promise.all(times(10, () => passkey.browser.beginSignIn()));
      const bodies = begun.map(({ answer }) => answer(passkey.authenticator, { counter: 2 }));
      const events = await eventsOf(app, async () => {
        const answers = await Promise.all(bodies.map((body) => passkey.browser.finish('authenticate', body)));
        expect(statuses(answers)).toEqual([200, ...times(9, () => 401)]);
      });
      expect(events.filter(({ type }) => type === 'passkey.clone_suspected')).toHaveLength(9);
      expect(await passkey.user.passkeys()).toMatchObject([{ usageCount: 1 }]);
    });

    it('20 revocations of one passkey revoke it once', async () => {
      const { user, device } = await registerPasskey(aUser());
      const answers = await Promise.all(times(20, () => user.revoke(device.id)));
      expect(statuses(answers)).toEqual([204, ...times(19, () => 404)]);
      expect(
        await count(app, `audit_events where type = 'passkey.revoked' and device_id = $1`, device.id),
      ).toBe(1);
    });

    it('a revocation voids the nonces of simultaneous sign-ins', async () => {
      const user = aUser();
      for (let round = 0; round < 8; round++) {
        const passkey = await registerPasskey(user);
        const begun = await Promise.all(times(4, () => passkey.browser.beginSignIn()));
        const bodies = begun.map(({ answer }) => answer(passkey.authenticator));
        const finishing = bodies.map((body) => new Browser(replica).finish('authenticate', body));
        const [revoked, ...answers] = await Promise.all([user.revoke(passkey.device.id), ...finishing]);
        expect(revoked.status).toBe(204);
        for (const answer of answers) {
          expect([200, 401]).toContain(answer.status);
          if (answer.status === 200) {
            expect((await user.verify(answer.as<{ nonce: string }>().nonce)).status).toBe(401);
          }
        }
      }
      expect(await user.passkeys()).toEqual([]);
    });
  });

  describe('rotation of KEYWAY_SECRET', () => {
    it('allows a handshake of the old secret to finish only where the old secret is still set', async () => {
      const { database } = app.configuration;
      const passage = embeddedPassageOf(app.configuration);
      const [old] = passage.secrets;
      const fresh = randomBytes(32);
      const rotated = await buildAppOn(database, { passage: { ...passage, secrets: [fresh, old!] } });
      const forgetful = await buildAppOn(database, { passage: { ...passage, secrets: [fresh] } });
      try {
        const passkey = await registerPasskey(aUser());
        const ofOld = (await passkey.browser.beginSignIn()).answer(passkey.authenticator);
        const ofNew = (await new Browser(rotated).beginSignIn()).answer(passkey.authenticator);
        const finishOn = async (on: TestApp, body: FinishBody) =>
          (await new Browser(on).finish('authenticate', body)).status;
        expect(await finishOn(forgetful, ofOld)).toBe(401);
        expect(await finishOn(app, ofNew)).toBe(401);
        expect(await finishOn(rotated, ofOld)).toBe(200);
        expect(await finishOn(forgetful, ofNew)).toBe(200);
      } finally {
        await rotated.close();
        await forgetful.close();
      }
    });
  });

  it('stores no nonce and no transaction id in plain text', async () => {
    const passkey = await registerPasskey(aUser());
    const nonce = await signIn(passkey);
    for (const secret of [nonce, passkey.nonce, passkey.transactionId])
      expect(await tablesHolding(app, secret)).toEqual([]);
    expect(await tablesHolding(app, passkey.device.credId)).toEqual(['devices']);
    expect(await count(app, `flex_users where app_id = $1`, TEST.appId)).toBeGreaterThan(0);
  });
});
