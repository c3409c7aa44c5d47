import { randomBytes } from 'node:crypto';
import { embeddedPassageOf } from '../../src/config/configuration.js';
import { AppsService } from '../../src/flex/apps/apps.service.js';
import { PurgeService } from '../../src/flex/purge.service.js';
import { AppServer } from '../support/app-server.js';
import { Browser } from '../support/browser.js';
import { buildApp, buildAppOn, TEST, type TestApp } from '../support/build-app.js';
import { beginRegistration, registerPasskey, signIn, stepUp } from '../support/flows.js';
import { send } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import {
  auditTrail,
  contents,
  contentsButTrail,
  count,
  eventsOf,
  flexUserIdOf,
  sql,
} from '../support/tables.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { Tenant } from '../support/tenant.js';
import { TestUser } from '../support/test-user.js';

const REQUEST_ID = /^[\da-f-]{36}$/;

describe('audit', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  const aUser = () => new TestUser(app);

  describe('the audit trail', () => {
    it('records a registration and a sign-in with address and user agent', async () => {
      const user = aUser();
      const { browser, answer } = await beginRegistration(
        user,
        new Browser(app, { userAgent: 'Ada’s browser/1.0' }),
      );
      const authenticator = new SoftwareAuthenticator();
      const events = await eventsOf(app, async () => {
        await browser.finish('register', answer(authenticator));
        const begun = await browser.beginSignIn();
        await browser.finish('authenticate', begun.answer(authenticator));
      });
      const [device] = await user.passkeys();
      const common = {
        appId: TEST.appId,
        userId: await flexUserIdOf(app, user.subject),
        deviceId: device!.id,
        actor: null,
        address: browser.address,
        userAgent: 'Ada’s browser/1.0',
        reason: null,
        requestId: expect.stringMatching(REQUEST_ID) as string,
      };
      expect(events).toStrictEqual([
        { ...common, type: 'passkey.registered' },
        { ...common, type: 'passkey.used' },
      ]);
    });

    it('records a new name and a revocation with the user who did it', async () => {
      const user = aUser();
      const { device } = await registerPasskey(user);
      const headers = {
        authorization: `Bearer ${await user.token()}`,
        'user-agent': 'curl/8.0',
        'x-request-id': 'request-of-ada',
      };
      const url = `/user/devices/${device.id}`;
      const from = { url, headers, remoteAddress: '192.0.2.7' };
      const events = await eventsOf(app, async () => {
        await send(app, { method: 'PATCH', ...from, payload: { friendlyName: 'Blue key' } });
        await send(app, { method: 'DELETE', ...from });
      });
      const common = {
        appId: TEST.appId,
        userId: await flexUserIdOf(app, user.subject),
        deviceId: device.id,
        actor: `user:${user.subject}`,
        address: '192.0.2.7',
        userAgent: 'curl/8.0',
        reason: null,
        requestId: 'request-of-ada',
      };
      expect(events).toStrictEqual([
        { ...common, type: 'passkey.renamed' },
        { ...common, type: 'passkey.revoked' },
      ]);
    });

    it('records one refusal for each refused ceremony, with the user whom a transaction or signature proved', async () => {
      const user = aUser();
      const passkey = await registerPasskey(user, { traits: { counter: 'increasing' } });
      const { browser, answer } = await beginRegistration(user, passkey.browser);
      const free = await browser.beginSignIn();
      const leave = (await user.authenticateTransaction()).transactionId;
      const onTransaction = await browser.beginSignIn(leave);
      const userId = await flexUserIdOf(app, user.subject);
      const unknown = { userId: null, deviceId: null };
      const events = await eventsOf(app, async () => {
        const foreign = { origin: 'https://evil.example' };
        await browser.finish('register', answer(new SoftwareAuthenticator(), foreign));
        await browser.finish('authenticate', free.answer(passkey.authenticator, foreign));
        const stranger = new SoftwareAuthenticator();
        stranger.create((await beginRegistration(user)).publicKey, { origin: TEST.origin });
        await browser.finish('authenticate', free.answer(stranger));
        await browser.finish('authenticate', onTransaction.answer(passkey.authenticator, foreign));
        (await browser.finish('authenticate', free.answer(passkey.authenticator))).expect();
        await browser.finish('authenticate', free.answer(passkey.authenticator));
      });
      events.splice(4, 1);
      const common = {
        type: 'passkey.refused',
        appId: TEST.appId,
        actor: null,
        address: browser.address,
        userAgent: 'Keyway tests',
        requestId: expect.stringMatching(REQUEST_ID) as string,
      };
      expect(events).toStrictEqual([
        { ...common, userId, deviceId: null, reason: 'origin_not_allowed' },
        { ...common, ...unknown, reason: 'origin_not_allowed' },
        { ...common, ...unknown, reason: 'credential_unknown' },
        { ...common, userId, deviceId: null, reason: 'origin_not_allowed' },
        { ...common, userId, deviceId: passkey.device.id, reason: 'handshake_spent' },
      ]);
    });

    it('records the first three refusals of a handshake, and a suspected clone also after those of strangers', async () => {
      const passkey = await registerPasskey(aUser(), { traits: { counter: 'increasing' } });
      const { browser, authenticator } = passkey;
      const begun = await browser.beginSignIn();
      const foreign = begun.answer(authenticator, { origin: 'https://evil.example' });
      const events = await eventsOf(app, async () => {
        for (let time = 0; time < 6; time++) await browser.finish('authenticate', foreign);
        await browser.finish('authenticate', begun.answer(authenticator, { counter: 1 }));
      });
      expect(events.map(({ reason }) => reason)).toEqual([
        ...Array<string>(3).fill('origin_not_allowed'),
        'clone_suspected',
      ]);
    });

    it('records the app of the path in a refusal, even if the handshake was for another app', async () => {
      const tenant = await Tenant.create(app);
      const { authenticator, browser } = await registerPasskey(aUser());
      const begun = await browser.beginSignIn();
      const events = await eventsOf(app, () =>
        tenant.browser().finish('authenticate', begun.answer(authenticator)),
      );
      expect(events).toMatchObject([
        { type: 'passkey.refused', appId: tenant.id, reason: 'handshake_of_other_app' },
      ]);
    });

    it('records a suspected clone as a type of its own', async () => {
      const passkey = await registerPasskey(aUser(), { traits: { counter: 'increasing' } });
      const begun = await passkey.browser.beginSignIn();
      const body = begun.answer(passkey.authenticator, { counter: 1 });
      const events = await eventsOf(app, () => passkey.browser.finish('authenticate', body));
      expect(events).toMatchObject([
        {
          type: 'passkey.clone_suspected',
          reason: 'clone_suspected',
          deviceId: passkey.device.id,
          actor: null,
        },
      ]);
    });

    it('records nothing for a request without an authentic handshake', async () => {
      const passkey = await registerPasskey(aUser());
      const { browser, authenticator, user } = passkey;
      const registration = (await beginRegistration(user, browser)).answer(new SoftwareAuthenticator());
      const free = (await browser.beginSignIn()).answer(authenticator);
      const forged = free.handshake_id.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
      const events = await eventsOf(app, async () => {
        for (const handshake_id of [forged, 'kh1.9999999999.e30.AAAA', 'x', '']) {
          await browser.finish('register', { ...registration, handshake_id });
          await browser.finish('authenticate', { ...free, handshake_id });
        }
        await browser.finish('authenticate', { handshake_id: free.handshake_id });
        await browser.post('register', 'start', { transaction_id: 'unknown' });
        await user.verify('unknown');
        await user.revoke('unknown');
      });
      expect(events).toEqual([]);
    });

    it('records no success that was rolled back, and no change is stored without its event', async () => {
      const user = aUser();
      const passkey = await registerPasskey(user);
      const { browser, answer } = await beginRegistration(user, passkey.browser);
      const signInBody = (await browser.beginSignIn()).answer(passkey.authenticator);
      const registerBody = answer(new SoftwareAuthenticator());
      const before = await contents(app);
      const act = async () => [
        (await browser.finish('register', registerBody)).status,
        (await browser.finish('authenticate', signInBody)).status,
      ];
      await sql(app, 'alter table nonces add constraint broken check (false) not valid');
      expect(await act()).toEqual([500, 500]);
      await sql(app, 'alter table nonces drop constraint broken');
      expect(await contents(app)).toEqual(before);
      await sql(app, 'alter table audit_events add constraint broken check (false) not valid');
      expect(await act()).toEqual([500, 500]);
      expect((await user.rename(passkey.device.id, 'x')).status).toBe(500);
      expect((await user.revoke(passkey.device.id)).status).toBe(500);
      await sql(app, 'alter table audit_events drop constraint broken');
      expect(await contents(app)).toEqual(before);
      expect(await act()).toEqual([200, 200]);
    });

    it('outlives the passkey, the user and the app, and only the erasure of the user changes it', async () => {
      const server = await AppServer.create(app);
      const { authenticator } = await server.tenant.register('ada');
      await server.tenant.register('bob');
      await server.tenant.signIn(authenticator);
      const [{ id: ada }, [device]] = [await server.find('ada'), await server.devices('ada')];
      const events = async () => (await auditTrail(app)).filter(({ appId }) => appId === server.tenant.id);
      const made = await events();
      expect(made.map(({ type }) => type)).toEqual([
        'passkey.registered',
        'passkey.registered',
        'passkey.used',
      ]);
      expect(made).toMatchObject([{ userId: ada, deviceId: device!.id }, {}, { deviceId: device!.id }]);

      await server.call('DELETE', `/external-users/ada/devices/${device!.id}`);
      const revoked = await events();
      expect(revoked.slice(0, -1)).toEqual(made);
      expect(revoked.at(-1)).toMatchObject({ type: 'passkey.revoked', userId: ada, deviceId: device!.id });

      await server.call('DELETE', '/external-users/ada');
      const erased = await events();
      const nobody = { actor: null, address: null, userAgent: null, requestId: null };
      expect(erased.slice(0, -1)).toEqual(
        revoked.map((event) => (event.userId === ada ? { ...event, ...nobody } : event)),
      );
      expect(erased.slice(0, -1)).not.toEqual(revoked);
      expect(erased.at(-1)).toMatchObject({ type: 'user.deleted', userId: ada, deviceId: null });

      await app.application.get(AppsService, { strict: false }).delete(server.tenant.id);
      expect(await count(app, 'apps where id = $1', server.tenant.id)).toBe(0);
      expect(await events()).toEqual(erased);
    });

    it('records the address that TRUST_PROXY allows, and truncates long user agents', async () => {
      const { database, passage, http } = app.configuration;
      const behindProxy = await buildAppOn(database, { passage, http: { ...http, trustProxy: 1 } });
      try {
        for (const [on, address] of [
          [app, '10.9.9.9'],
          [behindProxy, '192.0.2.1'],
        ] as const) {
          const passkey = await registerPasskey(aUser());
          const body = (await passkey.browser.beginSignIn()).answer(passkey.authenticator);
          const events = await eventsOf(app, () =>
            send(on, {
              method: 'POST',
              url: `/v1/apps/${TEST.appId}/authenticate/transactions/webauthn/finish`,
              headers: { 'x-forwarded-for': '203.0.113.6, 192.0.2.1', 'user-agent': 'x'.repeat(2_000) },
              remoteAddress: '10.9.9.9',
              payload: body,
            }),
          );
          expect(events).toMatchObject([{ type: 'passkey.used', address, userAgent: 'x'.repeat(256) }]);
        }
      } finally {
        await behindProxy.close();
      }
    });
  });

  describe('the log', () => {
    it('has one line for each request with id, route template, app, actor, status and code', async () => {
      const { browser, authenticator, user } = await registerPasskey(aUser());
      const body = (await browser.beginSignIn()).answer(authenticator, { origin: 'https://evil.example' });
      const before = app.logLines.length;
      await browser.finish('authenticate', body);
      await user.list();
      const lines = app.logLines.slice(before).map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines).toMatchObject([
        {
          method: 'POST',
          route: '/v1/apps/:app/authenticate/transactions/webauthn/finish',
          app: TEST.appId,
          status: 401,
          code: 'discoverable_authentication_refused',
          reason: 'origin_not_allowed',
          requestId: expect.stringMatching(REQUEST_ID) as string,
          ms: expect.any(Number) as number,
        },
        { method: 'GET', route: '/user/devices', actor: `user:${user.subject}`, status: 200 },
      ]);
    });

    it('contains no secret of any flow, even when one fails unexpectedly', async () => {
      const secrets = new Map<string, string>();
      // PostgreSQL and Node cut long values short: the first 16 bytes would be too many already.
      const remember = (what: string, text: string) => {
        const bytes = Buffer.from(text, 'base64url');
        secrets.set(`${what} ${secrets.size}`, text.slice(0, 24));
        secrets.set(`${what} ${secrets.size} in hex`, bytes.toString('hex').slice(0, 32));
        secrets.set(`${what} ${secrets.size} in numbers`, bytes.subarray(0, 8).join(','));
      };
      const user = aUser();
      const token = await user.token();
      remember('payload of the token', token.split('.')[1]!);
      remember('signature of the token', token.split('.')[2]!);
      const passkey = await registerPasskey(user, { traits: { counter: 'increasing' } });
      const { browser, authenticator } = passkey;
      remember('transaction', passkey.transactionId);
      remember('handshake', passkey.handshakeId.split('.').at(-1)!);
      remember('nonce', passkey.nonce);
      remember('credential', passkey.device.credId);

      const nonces = [await signIn(passkey), await stepUp(passkey)];
      nonces.forEach((nonce) => remember('nonce', nonce));
      await user.verify(nonces[0]!);
      await user.verify(nonces[0]!);
      await aUser().verify(nonces[1]!);

      const { transactionId } = await user.registerTransaction();
      const begun = await browser.beginRegistration(transactionId);
      const other = new SoftwareAuthenticator();
      const body = begun.answer(other, { origin: 'https://evil.example' });
      remember('transaction', transactionId);
      remember('handshake', begun.handshakeId.split('.').at(-1)!);
      remember('payload of the handshake', begun.handshakeId.split('.')[2]!.slice(-100));
      remember('challenge', begun.publicKey.challenge);
      remember('user handle', begun.publicKey.user.id);
      remember('credential', other.credentials[0]!.id.toString('base64url'));
      await browser.finish('register', body);
      await browser.finish('register', { ...body, handshake_response: { id: body, rawId: 7 } });
      const free = await browser.beginSignIn();
      remember('challenge', free.publicKey.challenge);
      await browser.finish('authenticate', free.answer(authenticator, { counter: 0 }));
      await browser.finish(
        'authenticate',
        free.answer(authenticator, { mutateSignature: () => randomBytes(70) }),
      );

      const secretPaths = [nonces[0]!, transactionId, token, `%zz${nonces[0]}`].flatMap((secret) => [
        `/v1/apps/${TEST.appId}/${secret}`,
        `/user/devices?access_token=${secret}`,
        `/nowhere/${secret}`,
      ]);
      for (const url of secretPaths) await send(app, { url });
      for (const payload of [`{"nonce":"${nonces[0]}"`, `"${token}"`, `{"nonce":"${nonces[0]}\\u0000"}`]) {
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
        await send(app, { method: 'POST', url: '/passkey/verify', headers, payload });
      }
      await send(app, { url: '/user/devices', headers: { authorization: `Bearer ${token.slice(0, -2)}` } });
      await send(app, {
        url: '/user/devices',
        headers: { authorization: `Bearer ${token}.x`, cookie: token },
      });

      const broken = begun.answer(new SoftwareAuthenticator());
      const third = new SoftwareAuthenticator();
      const brokenToo = begun.answer(third);
      remember('credential', third.credentials[0]!.id.toString('base64url'));
      remember(
        'attestation',
        (brokenToo.handshake_response as { response: { attestationObject: string } }).response
          .attestationObject,
      );
      for (const [table, answer] of [
        ['nonces', broken],
        ['devices', brokenToo],
        ['spent_handshakes', brokenToo],
        ['audit_events', brokenToo],
      ] as const) {
        await sql(app, `alter table ${table} add constraint broken check (false) not valid`);
        expect((await browser.finish('register', answer)).status).toBe(500);
        await sql(app, `alter table ${table} drop constraint broken`);
      }
      remember('key', TEST.tokenSecret.toString('base64url'));
      embeddedPassageOf(app.configuration).secrets.forEach((secret) =>
        remember('key', secret.toString('base64url')),
      );

      const log = app.logLines.join('\n');
      expect(log).toContain('"status":500');
      const leaked = [...secrets].filter(([, secret]) => log.includes(secret)).map(([what]) => what);
      expect(leaked).toEqual([]);
    });

    it('never contains the password of the database, nor does the error of a failed start', async () => {
      const { database, passage } = app.configuration;
      const url = new URL(database.kind === 'postgresql' ? database.url : '');
      const wire = new TcpProxy({ host: url.hostname, port: Number(url.port) });
      await wire.open();
      const password = randomBytes(16).toString('hex');
      const role = `keyway_${password.slice(0, 8)}`;
      await sql(app, `create role ${role} superuser login password '${password}'`);
      Object.assign(url, { host: `127.0.0.1:${wire.address.port}`, username: role, password });
      const settings = { kind: 'postgresql', url: url.href, poolMax: 2 } as const;
      const wired = await buildAppOn(settings, { passage });
      try {
        expect((await aUser().on(wired).call('GET', '/user/devices')).status).toBe(200);
        await wire.cut();
        expect((await aUser().on(wired).call('GET', '/user/devices')).status).toBe(503);
        const failure = await buildAppOn(settings, { passage }).then(
          () => 'it started',
          (error: Error) => error.message,
        );
        const said = [...wired.logLines, failure].join('\n');
        expect(said).toContain('"status":503');
        expect(said).toContain(url.pathname.slice(1));
        expect(said).not.toContain(password);
      } finally {
        await wired.close();
        await wire.cut();
        await sql(app, `drop role ${role}`);
      }
    });
  });

  it('the audit trail keeps events for good, except refusals, kept for 90 days', async () => {
    const insert = `insert into audit_events (id, type, app_id, user_id, created_at)
      select $1 || n, $2, 'shop', $3, now() - $4::interval from generate_series(1, 1500) n`;
    await sql(app, insert, 'old', 'passkey.refused', null, '90 days 1 minute');
    await sql(app, insert, 'new', 'passkey.refused', null, '89 days 23 hours');
    await sql(app, insert, 'of-ada', 'passkey.refused', 'ada', '90 days 1 minute');
    await sql(app, insert, 'of-step-up', 'step_up.refused', 'ada', '90 days 1 minute');
    await sql(app, insert, 'of-tie', 'user.identity_conflict', 'ada', '90 days 1 minute');
    await sql(app, insert, 'cloned', 'passkey.clone_suspected', 'ada', '10 years');
    await sql(app, insert, 'used', 'passkey.used', null, '10 years');
    const purge = app.application.get(PurgeService, { strict: false });
    expect(await purge.purge()).toMatchObject({ refusals: 6000 });
    expect(await count(app, `audit_events where id ~ '^(old|of-)'`)).toBe(0);
    expect(await count(app, `audit_events where id ~ '^(new|cloned|used)'`)).toBe(4500);
  });

  it('reading the list, the app and the readiness changes no row', async () => {
    const user = aUser();
    await registerPasskey(user);
    const before = await contentsButTrail(app);
    await user.list();
    await send(app, { url: `/v1/apps/${TEST.appId}` });
    await send(app, { url: '/health/ready' });
    expect(await contentsButTrail(app)).toEqual(before);
  });
});
