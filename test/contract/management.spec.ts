import { expectedApp } from '../support/app-json.js';
import fc from 'fast-check';
import { AppServer, type DeviceJson, type UserJson } from '../support/app-server.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { flexError } from '../support/flex-error.js';
import { send } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { contents, count, shuffleCreation, sql, UNKNOWN_ID } from '../support/tables.js';
import { exportRows, importRows } from '../support/transfer.js';

const TEXT = expect.any(String) as string;
const DATE = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
const UUID = expect.stringMatching(
  /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
) as string;

const LISTED_USER = {
  id: UUID,
  external_id: TEXT,
  status: 'active',
  created_at: DATE,
  updated_at: DATE,
  last_login_at: DATE,
  login_count: 0,
  email: '',
  email_verified: false,
  phone: '',
  phone_verified: false,
  user_metadata: null,
};
const DEVICE = {
  id: UUID,
  cred_id: expect.stringMatching(/^[\w-]+$/) as string,
  friendly_name: TEXT,
  type: 'passkey',
  created_at: DATE,
  updated_at: DATE,
  last_login_at: DATE,
  usage_count: 0,
  icons: {
    light: expect.stringMatching(`^${TEST.publicUrl}/icons/`) as string,
    dark: expect.stringMatching(`^${TEST.publicUrl}/icons/`) as string,
  },
  provider: null,
  synced: true,
  transports: ['internal', 'hybrid'],
};
const EVENT = {
  id: UUID,
  created_at: DATE,
  completed_at: DATE,
  status: 'complete',
  ip_addr: expect.stringMatching(/^10\./) as string,
  user_agent: 'Keyway tests',
  user_agent_display: 'Keyway tests',
  social_login_type: null,
};

describe('the management side', () => {
  let app: TestApp;
  let server: AppServer;
  let other: AppServer;
  beforeAll(async () => {
    app = await buildApp();
    [server, other] = [await AppServer.create(app), await AppServer.create(app)];
  });
  afterAll(() => app?.close());

  let users = 0;
  const aName = () => `user-${++users}`;
  /** A user with one passkey. */
  const aUser = async (externalId = aName()) => {
    const { authenticator, nonce } = await server.tenant.register(externalId);
    const { id } = await server.find(externalId);
    const [device] = await server.devices(externalId);
    return { externalId, id, device: device!, authenticator, nonce };
  };
  const signIn = (authenticator: SoftwareAuthenticator) => server.tenant.signIn(authenticator);

  describe('GET /apps/{app}', () => {
    it('returns every member of an app, with any key in the request', async () => {
      await server.tenant.change('origins', [server.tenant.origin, `https://m.${server.tenant.rpId}`]);
      for (const key of [server.key, other.key, 'nonsense']) {
        const answer = await server.withText(key).call('GET', '');
        expect(answer.expect()).toStrictEqual({
          app: expectedApp({
            id: server.tenant.id,
            name: server.tenant.id,
            rpId: server.tenant.rpId,
            origins: [server.tenant.origin, `https://m.${server.tenant.rpId}`],
          }),
        });
      }
    });

    it('is for a server, which sends a key, 401 invalid_access_token for any other app, and else 404', async () => {
      for (const id of ['nobody', server.tenant.id.toUpperCase(), '%00', `${server.tenant.id}%20`]) {
        const url = `/v1/apps/${id}`;
        expect(flexError(await server.ask({ url }))).toBe('401 invalid_access_token');
        for (const authorization of ['', 'Bearer', 'Basic YTpi']) {
          const answer = await send(app, { url, headers: { authorization } });
          expect(flexError(answer)).toBe('401 invalid_access_token');
        }
        expect(flexError(await send(app, { url }))).toBe('404 app_not_found');
      }
    });
  });

  describe('POST /transactions/register', () => {
    it('creates the user and a transaction, and shows the transaction id only in the response', async () => {
      const externalId = aName();
      const answer = await server.call('POST', '/transactions/register', {
        external_id: externalId,
        passkey_display_name: 'Ada',
        unknown: { member: 1 },
      });
      expect(answer.status).toBe(201);
      expect(answer.body).toStrictEqual({ transaction_id: expect.stringMatching(/^[\w-]{43}$/) as string });
      const { transaction_id } = answer.as<{ transaction_id: string }>();
      const { publicKey } = await server.tenant.browser().beginRegistration(transaction_id);
      expect(publicKey.user).toMatchObject({ name: 'Ada', displayName: 'Ada' });
      expect(await server.find(externalId)).toMatchObject({ external_id: externalId, login_count: 0 });
      expect(app.logLines.join()).not.toContain(transaction_id);
      for (const table of ['transactions', 'audit_events']) {
        expect(await count(app, `${table} t where position($1 in t::text) > 0`, transaction_id)).toBe(0);
      }
    });

    it.each([
      ['a family of emoji', '👨‍👩‍👧‍👦 Ada', '👨‍👩‍👧‍👦 Ada'],
      ['255 emoji', '😀'.repeat(255), '😀'.repeat(255)],
      ['another direction of writing', ' עדה ', 'עדה'],
      ['letters to be composed', 'Zoe\u0301', 'Zo\u00e9'],
    ])('shows a display name of %s in the prompt', async (_what, name, shown) => {
      const body = { external_id: aName(), passkey_display_name: name };
      const answer = await server.call('POST', '/transactions/register', body);
      const { transaction_id } = answer.expect<{ transaction_id: string }>(201);
      const { publicKey } = await server.tenant.browser().beginRegistration(transaction_id);
      expect(publicKey.user).toMatchObject({ name: shown, displayName: shown });
    });

    it('creates one user even if a hundred requests arrive at once', async () => {
      const externalId = aName();
      const ids = await Promise.all(
        Array.from({ length: 100 }, () => server.registerTransaction(externalId)),
      );
      expect(new Set(ids).size).toBe(100);
      expect(await count(app, 'flex_users where external_id = $1', externalId)).toBe(1);
    });

    it('is refused at the limit of passkeys, and then changes nothing', async () => {
      const strict = await AppServer.create(app, { max_passkeys_per_user: 1 });
      await strict.tenant.register('ada');
      await strict.list();
      const before = await contents(app);
      const body = { external_id: 'ada', passkey_display_name: 'Ada' };
      const answer = await strict.call('POST', '/transactions/register', body);
      expect(flexError(answer)).toBe('403 cannot_create_transaction');
      expect(answer.body).toMatchObject({
        error: 'The user has too many passkeys.',
        reason: 'too_many_passkeys',
      });
      expect(await contents(app)).toEqual(before);
    });

    it.each<[string, unknown, unknown]>([
      ['an external ID', undefined, 'Ada'],
      ['a display name', 'ada', undefined],
      ['an external ID that is a text', 7, 'Ada'],
      ['a display name that is a text', 'ada', ['Ada']],
      ['an external ID that is not empty', '', 'Ada'],
      ['a display name that is not empty', 'ada', ''],
      ['a display name in one line', 'ada', 'Ada\nLovelace'],
      ['a display name without bidirectional overrides', 'ada', 'ada\u202egpj.exe'],
      ['a display name of more than spaces', 'ada', '   '],
      ['a display name that can be seen', 'ada', '\u200b\u3164\u2800'],
      ['a display name of 255 characters at most', 'ada', 'x'.repeat(256)],
      ['an external ID other than .', '.', 'Ada'],
      ['an external ID other than ..', '..', 'Ada'],
      ['an external ID of 255 characters at most', 'x'.repeat(256), 'Ada'],
      ['an external ID without control characters', 'a\nb', 'Ada'],
      ['an external ID without U+0000', 'a\0b', 'Ada'],
      ['an external ID of whole characters', 'a\ud800', 'Ada'],
    ])('requires %s', async (_, external_id, passkey_display_name) => {
      const before = await contents(app);
      const body = { external_id, passkey_display_name };
      expect(flexError(await server.call('POST', '/transactions/register', body))).toBe(
        '400 invalid_request',
      );
      expect(await contents(app)).toEqual(before);
    });
  });

  describe('POST /transactions/authenticate', () => {
    it('creates a transaction with which the user signs in', async () => {
      const { externalId, authenticator } = await aUser();
      const answer = await server.call('POST', '/transactions/authenticate', { external_id: externalId });
      expect(answer.status).toBe(201);
      expect(answer.body).toStrictEqual({ transaction_id: expect.stringMatching(/^[\w-]{43}$/) as string });
      const browser = server.tenant.browser();
      const begun = await browser.beginSignIn(answer.as<{ transaction_id: string }>().transaction_id);
      expect((await browser.finish('authenticate', begun.answer(authenticator))).status).toBe(200);
    });

    it('distinguishes an unknown user from one without passkeys, and compares external IDs exactly', async () => {
      const { externalId, id } = await aUser();
      const empty = aName();
      await server.registerTransaction(empty);
      const ask = async (external_id: string) =>
        flexError(await server.call('POST', '/transactions/authenticate', { external_id }));
      expect(await ask(empty)).toBe('409 user_has_no_passkeys');
      for (const each of [
        externalId.toUpperCase(),
        `${externalId} `,
        externalId.slice(0, -1),
        `${externalId}%`,
        id,
      ]) {
        expect(await ask(each)).toBe('404 user_not_found');
      }
    });
  });

  describe('POST /authenticate/verify', () => {
    it('returns once what a nonce proved', async () => {
      const { externalId, device, authenticator, nonce } = await aUser();
      for (const [kind, each] of [
        ['register', nonce] as const,
        ['authenticate', await signIn(authenticator)] as const,
      ]) {
        const answer = await server.verify(each);
        expect(answer.expect()).toStrictEqual({
          external_id: externalId,
          kind,
          device_id: device.id,
          issuer: null,
          subject: null,
          user_verified: true,
        });
        expect(flexError(await server.verify(each))).toBe('401 invalid_nonce');
      }
    });

    describe.each(['preferred', 'discouraged'])(
      'of an app with user verification %s',
      (user_verification) => {
        it('tells of each ceremony by itself whether it verified the user', async () => {
          const lenient = await AppServer.create(app, { user_verification });
          const { tenant } = lenient;
          const proofOf = async (nonce: string) => (await lenient.verify(nonce)).expect();
          const authenticator = new SoftwareAuthenticator({ userVerified: false });
          const { nonce } = await tenant.register('ada', { authenticator });
          expect(await proofOf(nonce)).toMatchObject({ kind: 'register', user_verified: false });
          for (const uv of [true, false]) {
            const browser = tenant.browser();
            const { answer } = await browser.beginSignIn();
            const finished = await browser.finish('authenticate', answer(authenticator, { flags: { uv } }));
            const proof = await proofOf(finished.expect<{ nonce: string }>().nonce);
            expect(proof).toMatchObject({ kind: 'authenticate', user_verified: uv });
          }
          const verified = await tenant.register('bob');
          expect(await proofOf(verified.nonce)).toMatchObject({ kind: 'register', user_verified: true });
        });
      },
    );

    it('returns null for user_verified of a nonce from before that was kept', async () => {
      const { id, nonce } = await aUser();
      await sql(app, 'update nonces set user_verified = null where user_id = $1', id);
      expect((await server.verify(nonce)).expect()).toMatchObject({ kind: 'register', user_verified: null });
    });

    it('refuses an unknown nonce, one of another app, an expired one, and one of a revoked passkey', async () => {
      const { id, device, authenticator, nonce } = await aUser();
      const late = await signIn(authenticator);
      expect(flexError(await other.verify(nonce))).toBe('401 invalid_nonce');
      for (const each of [
        'x',
        `${nonce} `,
        nonce.slice(1),
        'é'.repeat(128),
        await server.registerTransaction(aName()),
      ]) {
        expect(flexError(await server.verify(each))).toBe('401 invalid_nonce');
      }
      await sql(app, `update nonces set expires_at = now() where user_id = $1`, id);
      expect(flexError(await server.verify(nonce))).toBe('401 invalid_nonce');
      await sql(app, `update nonces set expires_at = now() + interval '1 minute' where user_id = $1`, id);
      await server.call('DELETE', `/users/${id}/devices/${device.id}`);
      expect(flexError(await server.verify(late))).toBe('401 invalid_nonce');
    });

    it.each<unknown>([undefined, null, '', 7, {}, ['a'], 'x'.repeat(257)])(
      'requires a nonce, and refuses %p',
      async (nonce) => {
        expect(flexError(await server.call('POST', '/authenticate/verify', { nonce }))).toBe(
          '400 invalid_request',
        );
      },
    );
  });

  describe('GET /users/{user_id}', () => {
    it('returns every member of a user who has never signed in', async () => {
      const { externalId, id } = await aUser();
      for (const path of [`/users/${id}`, `/external-users/${externalId}`]) {
        const { user } = (await server.call('GET', path)).expect<{ user: UserJson }>();
        expect(user).toStrictEqual({
          ...LISTED_USER,
          id,
          external_id: externalId,
          last_login_at: user.created_at,
          social_connections: {},
          recent_events: [{ ...EVENT, type: 'passkey.registered', action: 'register' }],
          webauthn: true,
          webauthn_devices: [DEVICE],
          webauthn_types: ['passkey'],
          user_handle: expect.stringMatching(/^[\w-]{58}$/) as string,
          signal_user_handles: [expect.stringMatching(/^[\w-]{58}$/) as string],
          issuer: null,
          subject: null,
        });
      }
    });

    it('names the browser of an event in words', async () => {
      const { externalId, id } = await aUser();
      const userAgent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36';
      await sql(app, 'update audit_events set user_agent = $1 where user_id = $2', userAgent, id);
      expect(await server.user(externalId)).toMatchObject({
        recent_events: [{ user_agent: userAgent, user_agent_display: 'Chrome on Linux' }],
      });
    });

    it('returns every member of a user without passkeys', async () => {
      const externalId = aName();
      await server.registerTransaction(externalId);
      expect(await server.user(externalId)).toMatchObject({
        recent_events: [],
        webauthn: false,
        webauthn_devices: [],
        webauthn_types: [],
      });
    });

    it('counts sign-ins, and returns the ten latest events newest first', async () => {
      const { externalId, id, device, authenticator } = await aUser();
      await signIn(authenticator);
      const browser = server.tenant.browser();
      const foreign = { origin: 'https://evil.example' };
      for (const leave of [await server.authenticateTransaction(externalId), undefined]) {
        const begun = await browser.beginSignIn(leave);
        await browser.finish('authenticate', begun.answer(authenticator, foreign));
      }
      await server.call('PATCH', `/users/${id}/devices/${device.id}`, { friendly_name: 'Mine' });
      const user = await server.user<UserJson & { recent_events: { type: string }[] }>(externalId);
      expect(user.login_count).toBe(1);
      expect(Date.parse(user.last_login_at)).toBeGreaterThan(Date.parse(user.created_at));
      expect(user.recent_events).toMatchObject([
        { type: 'passkey.renamed', action: 'other', status: 'complete' },
        { type: 'passkey.refused', status: 'incomplete', completed_at: null },
        { type: 'passkey.used', action: 'login', status: 'complete', completed_at: DATE },
        { type: 'passkey.registered', action: 'register' },
      ]);
      for (let i = 0; i < 10; i++) await signIn(authenticator);
      const later = await server.user<{ recent_events: { action: string }[] }>(externalId);
      expect(later.recent_events.map(({ action }) => action)).toEqual(Array(10).fill('login'));
    });

    it('does not accept an external ID as an id, or an id as an external ID', async () => {
      const first = await aUser();
      const { externalId, id } = await aUser(first.id);
      expect(externalId).toBe(first.id);
      expect(await server.user(first.id)).toMatchObject({ id, external_id: first.id });
      expect((await server.call('GET', `/users/${first.id}`)).body).toMatchObject({
        user: { external_id: first.externalId },
      });
      expect(flexError(await server.call('GET', `/users/${first.externalId}`))).toBe('404 user_not_found');
      expect(flexError(await server.call('GET', `/external-users/${id}`))).toBe('404 user_not_found');
      expect((await server.list(`?identifier=${id}`)).users).toEqual([]);
      expect((await server.list(`?id=${first.externalId}`)).users).toEqual([]);
    });
  });

  describe('/users/{user_id}/devices', () => {
    it('lists the devices of a user oldest first', async () => {
      const { externalId, id } = await aUser();
      for (let i = 0; i < 4; i++) await server.tenant.register(externalId);
      const ids = (await server.devices(externalId)).map((it) => it.id);
      const oldestFirst = await shuffleCreation(app, 'devices', ids);
      for (const path of [`/users/${id}`, `/external-users/${externalId}`]) {
        const { devices } = (await server.call('GET', `${path}/devices`)).expect<{ devices: DeviceJson[] }>();
        expect(devices.map((it) => it.id)).toEqual(oldestFirst);
      }
    });

    it('returns every member of every device', async () => {
      const { externalId, id } = await aUser();
      const traits = {
        aaguid: 'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4',
        backupEligible: false,
        backedUp: false,
        transports: ['usb'],
        attachment: 'cross-platform',
      } as const;
      await server.tenant.register(externalId, { traits: { ...traits, transports: ['usb'] } });
      for (const path of [`/users/${id}`, `/external-users/${externalId}`]) {
        const { devices } = (await server.call('GET', `${path}/devices`)).expect<{ devices: DeviceJson[] }>();
        expect(devices).toStrictEqual([
          DEVICE,
          { ...DEVICE, type: 'security_key', provider: TEXT, synced: false, transports: ['usb'] },
        ]);
        for (const { created_at, last_login_at, updated_at } of devices) {
          expect([last_login_at, updated_at]).toEqual([created_at, created_at]);
        }
      }
      expect(await server.user(externalId)).toMatchObject({ webauthn_types: ['passkey', 'security_key'] });
    });

    it('counts the sign-ins of each device, and changes nothing else of it', async () => {
      const { externalId, device, authenticator } = await aUser();
      await signIn(authenticator);
      const [now] = await server.devices(externalId);
      expect(now).toEqual({ ...device, usage_count: 1, last_login_at: now!.last_login_at });
      expect(now!.last_login_at).not.toBe(device.last_login_at);
    });

    it('renames one device by PATCH, by the rules of the user’s API', async () => {
      const { externalId, id, device } = await aUser();
      const [first, second] = [`/users/${id}`, `/external-users/${externalId}`].map(
        (it) => `${it}/devices/${device.id}`,
      );
      const renamed = (
        await server.call('PATCH', first!, { friendly_name: ' Cafe\u0301 ', id: 'x' })
      ).expect<{ device: DeviceJson }>();
      expect(renamed).toStrictEqual({ device: { ...DEVICE, id: device.id, friendly_name: 'Café' } });
      expect(renamed.device.updated_at > device.updated_at).toBe(true);
      (await server.call('PATCH', second!, { friendly_name: '🔑' })).expect();
      expect(await server.devices(externalId)).toMatchObject([{ friendly_name: '🔑' }]);
    });

    it.each<unknown>([undefined, null, '', '  ', 'x'.repeat(65), 'a\u202eb', 'a\nb', 7, {}, ['a']])(
      'refuses the device name %p',
      async (friendly_name) => {
        const { id, device } = await aUser();
        const before = await contents(app);
        const answer = await server.call('PATCH', `/users/${id}/devices/${device.id}`, { friendly_name });
        expect(flexError(answer)).toBe('400 invalid_request');
        expect(await contents(app)).toEqual(before);
      },
    );

    it.each(['/users', '/external-users'])(
      'revokes one device by DELETE %s: 200 without a body',
      async (noun) => {
        const { externalId, id, device, authenticator, nonce } = await aUser();
        await server.tenant.register(externalId);
        const begun = await server.tenant.browser().beginSignIn();
        const user = noun === '/users' ? id : externalId;
        const answer = await server.call('DELETE', `${noun}/${user}/devices/${device.id}`);
        expect([answer.status, answer.text]).toEqual([200, '']);
        expect(answer.headers['content-length']).toBe('0');
        expect(await server.devices(externalId)).toHaveLength(1);
        const finished = await server.tenant.browser().finish('authenticate', begun.answer(authenticator));
        expect(flexError(finished)).toBe('401 discoverable_login_failed');
        expect(flexError(await server.verify(nonce))).toBe('401 invalid_nonce');
        const again = await server.call('DELETE', `${noun}/${user}/devices/${device.id}`);
        expect(flexError(again)).toBe('404 device_not_found');
        expect(
          await count(
            app,
            `audit_events where type = 'passkey.revoked' and device_id = $1 and actor like 'key:%'`,
            device.id,
          ),
        ).toBe(1);
      },
    );

    it('accepts a DELETE with the content type JSON and an empty body', async () => {
      const { id, device } = await aUser();
      const url = `/v1/apps/${server.tenant.id}/users/${id}/devices/${device.id}`;
      const answer = await server.ask({
        method: 'DELETE',
        url,
        headers: { 'content-type': 'application/json' },
      });
      expect([answer.status, answer.text]).toEqual([200, '']);
    });

    it('allows any user to register the credential of a revoked device, but no import of it', async () => {
      const credentialId = Buffer.alloc(32, ++users);
      const externalId = aName();
      await server.tenant.register(externalId, { credentialId });
      const [device] = await server.devices(externalId);
      const heir = aName();
      await expect(server.tenant.register(heir, { credentialId })).rejects.toThrow(/400/);
      const appId = server.tenant.id;
      const cred_id = credentialId.toString('base64url');
      const lines = (await exportRows(app, appId)).filter((row) => row.credential_id === cred_id);
      await server.call('DELETE', `/external-users/${externalId}/devices/${device!.id}`);
      const imported = await importRows(app, lines, { appId });
      expect(imported).toMatchObject({ read: 1, refused: 1, refusals: [{ code: 'credential_revoked' }] });
      expect(await server.devices(externalId)).toEqual([]);
      await server.tenant.register(externalId, { credentialId });
      const [again] = await server.devices(externalId);
      await server.call('DELETE', `/external-users/${externalId}/devices/${again!.id}`);
      await server.tenant.register(heir, { credentialId });
      expect(await server.devices(heir)).toMatchObject([{ cred_id }]);
    });

    it('answers 404 for unknown users and devices, and for devices of other users', async () => {
      const [one, another] = [await aUser(), await aUser()];
      const before = await contents(app);
      const change = { friendly_name: 'Mine' };
      for (const owner of [`/users/${one.id}`, `/external-users/${one.externalId}`]) {
        for (const id of [
          another.device.id,
          UNKNOWN_ID,
          'x',
          '%00',
          '%F0%9F%94%91',
          'a'.repeat(200),
          '%2F',
          '.%2e',
          '%zz',
        ]) {
          for (const answer of [
            await server.call('DELETE', `${owner}/devices/${id}`),
            await server.call('PATCH', `${owner}/devices/${id}`, change),
          ]) {
            expect(flexError(answer)).toMatch(/^404 device_not_found$|^40[04] invalid_request$/);
            if (!id.includes('%')) expect(flexError(answer)).toBe('404 device_not_found');
          }
        }
      }
      for (const nobody of [UNKNOWN_ID, 'x', '%00', '%20', 'a'.repeat(300)]) {
        for (const noun of ['users', 'external-users']) {
          const path = `/${noun}/${nobody}`;
          for (const answer of [
            await server.call('GET', path),
            await server.call('DELETE', path),
            await server.call('PATCH', path, { status: 'inactive' }),
            await server.call('GET', `${path}/devices`),
            await server.call('DELETE', `${path}/devices/${one.device.id}`),
            await server.call('PATCH', `${path}/devices/${one.device.id}`, change),
          ]) {
            expect(flexError(answer)).toBe('404 user_not_found');
          }
        }
      }
      expect(await contents(app)).toEqual(before);
    });
  });

  describe('external IDs in the path', () => {
    it.each([
      'a/b',
      '/',
      '//',
      'a%b',
      '%',
      '%2F',
      '%252f',
      '...',
      './..',
      'devices',
      'a b',
      ' ',
      'a+b',
      'a?b#c;d&e=f',
      '{}[]<>"\\^`|',
      ':external_id',
      '*',
      'Zoë 🔑 用户',
      'e\u0301',
      '\u202eabc',
      '\ufeff',
      'x'.repeat(255),
      '用'.repeat(255),
      '🔑'.repeat(255),
    ])('find exactly one user: %p', async (externalId) => {
      const { authenticator } = await server.tenant.register(externalId);
      const path = `/external-users/${encodeURIComponent(externalId)}`;
      expect(await server.user(externalId)).toMatchObject({ external_id: externalId });
      expect(await server.find(externalId)).toMatchObject({ external_id: externalId });
      const [device] = await server.devices(externalId);
      expect(device!.cred_id).toBe(authenticator.credentials[0]!.id.toString('base64url'));
      (await server.call('PATCH', `${path}/devices/${device!.id}`, { friendly_name: 'x' })).expect();
      expect((await server.call('DELETE', `${path}/devices/${device!.id}`)).status).toBe(200);
      expect((await server.call('DELETE', path)).status).toBe(200);
    });

    it('find the user who was created under them, with any characters', async () => {
      const character = fc.oneof(
        fc.constantFrom(...'%/?#&=+;:.\\ "'),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      );
      const externalId = fc
        .array(character, { minLength: 1, maxLength: 12 })
        .map((it) => it.join(''))
        .filter((it) => !/^\.{1,2}$|\p{Cc}/u.test(it) && it.isWellFormed());
      await fc.assert(
        fc.asyncProperty(externalId, async (name) => {
          await server.registerTransaction(name);
          expect(await server.user(name)).toMatchObject({ external_id: name });
          expect((await server.list(`?identifier=${encodeURIComponent(name)}`)).users).toMatchObject([
            { external_id: name },
          ]);
        }),
        { numRuns: 100 },
      );
    });

    it.each(['%00', 'a%00', '%0a', '%7f', 'x'.repeat(256), '%F0%9F%94%91'.repeat(256)])(
      'find no user when no user can have them: %p',
      async (name) => {
        for (const path of [`/external-users/${name}`, `/external-users/${name}/devices`]) {
          expect(flexError(await server.call('GET', path))).toMatch(/^404 (user_not_found|invalid_request)$/);
        }
      },
    );
  });
});
