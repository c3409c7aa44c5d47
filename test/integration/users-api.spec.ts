import { randomBytes } from 'node:crypto';
import { UnsecuredJWT } from 'jose';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { Browser } from '../support/browser.js';
import { beginRegistration, registerPasskey, signIn, stepUp } from '../support/flows.js';
import { type HttpAnswer, newAddress, send } from '../support/http-answer.js';
import { routesOf } from '../support/routes.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import {
  changeApp,
  contents,
  count,
  flexUserIdOf,
  shuffleCreation,
  sql,
  UNKNOWN_ID,
} from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

const GOOGLE_PASSWORD_MANAGER = 'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4';
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID_V4 = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const BEARER_SECRET = /^[A-Za-z0-9_-]{43}$/;

describe("the user's API", () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await buildApp();
  });
  afterAll(() => app?.close());

  const aUser = () => new TestUser(app);

  describe('GET /user/devices', () => {
    it('lists a passkey with exactly the documented members', async () => {
      const user = new TestUser(app, { preferred_username: 'ada' });
      const { authenticator } = await registerPasskey(user, { traits: { aaguid: GOOGLE_PASSWORD_MANAGER } });
      const credId = authenticator.credentials[0]!.id.toString('base64url');
      const icon = (theme: string) =>
        expect.stringMatching(
          `^${TEST.publicUrl}/icons/${GOOGLE_PASSWORD_MANAGER}/${theme}[.]svg[?]v=[\\w-]{16}$`,
        ) as string;
      const answer = await user.call('GET', '/user/devices');
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(answer.body).toStrictEqual({
        username: 'ada',
        externalId: expect.stringMatching(UUID_V4) as string,
        passkeys: [
          {
            createdAt: expect.stringMatching(RFC_3339) as string,
            credId,
            friendlyName: 'Google Password Manager',
            icons: { light: icon('light'), dark: icon('dark') },
            id: expect.stringMatching(UUID_V7) as string,
            lastLoginAt: null,
            type: 'passkey',
            updatedAt: expect.stringMatching(RFC_3339) as string,
            usageCount: 0,
            provider: 'Google Password Manager',
            synced: true,
            transports: ['internal', 'hybrid'],
            automatic: false,
            nameCode: null,
            createdFrom: null,
            lastUsedFrom: null,
          },
        ],
        limit: 50,
        lastPasskey: 'warn',
        signals: [
          {
            rpId: TEST.rpId,
            userId: authenticator.credentials[0]!.userId,
            name: 'ada',
            displayName: 'ada',
            allAcceptedCredentialIds: [credId],
          },
        ],
      });
    });

    it('lists the passkeys of a user newest first', async () => {
      const user = aUser();
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) ids.push((await registerPasskey(user)).device.id);
      const oldestFirst = await shuffleCreation(app, 'devices', ids);
      expect((await user.passkeys()).map(({ id }) => id)).toEqual(oldestFirst.toReversed());
    });

    it('signals every accepted credential and the user handle', async () => {
      const user = aUser();
      const first = await registerPasskey(user);
      const second = await registerPasskey(user);
      expect((await user.list()).signals).toMatchObject([
        {
          rpId: TEST.rpId,
          userId: first.authenticator.credentials[0]!.userId,
          allAcceptedCredentialIds: [first.device.credId, second.device.credId],
        },
      ]);
      await user.revoke(first.device.id);
      expect((await user.list()).signals).toMatchObject([
        { allAcceptedCredentialIds: [second.device.credId] },
      ]);
    });

    it('signals each user handle that the passkeys carry, with the credentials of all of them', async () => {
      const user = aUser();
      const own = await registerPasskey(user);
      const other = await registerPasskey(user);
      const unknown = await registerPasskey(user);
      const foreign = randomBytes(20);
      await sql(app, 'update devices set user_handle = $1 where id = $2', foreign, other.device.id);
      await sql(app, 'update devices set user_handle_known = false where id = $1', unknown.device.id);
      const { passkeys, signals } = await user.list();
      const allAcceptedCredentialIds = passkeys.map(({ credId }) => credId).reverse();
      expect(allAcceptedCredentialIds).toHaveLength(3);
      expect(signals).toMatchObject([
        { userId: own.authenticator.credentials[0]!.userId, allAcceptedCredentialIds },
        { userId: foreign.toString('base64url'), allAcceptedCredentialIds },
      ]);
      // Nobody's passkey carries the user's own handle any more.
      await user.revoke(own.device.id);
      expect((await user.list()).signals.map(({ userId }) => userId)).toEqual([
        foreign.toString('base64url'),
      ]);
    });

    it('signals nothing once the last passkey is revoked', async () => {
      const user = aUser();
      const { device } = await registerPasskey(user);
      await user.revoke(device.id);
      expect(await user.list()).toMatchObject({ passkeys: [], signals: [] });
    });

    it('signals nothing while a passkey is being added, which a browser would delete', async () => {
      const user = aUser();
      const { device, authenticator } = await registerPasskey(user);
      const browser = new Browser(app);
      const begun = await browser.beginRegistration((await user.registerTransaction()).transactionId);
      const during = await user.list();
      expect(during).toMatchObject({ passkeys: [device], signals: [] });
      (await browser.finish('register', begun.answer(new SoftwareAuthenticator()))).expect();
      const { passkeys, signals } = await user.list();
      expect(signals).toMatchObject([
        {
          userId: authenticator.credentials[0]!.userId,
          allAcceptedCredentialIds: passkeys.map(({ credId }) => credId).reverse(),
        },
      ]);
    });

    it('signals again once the transaction of an abandoned registration has expired', async () => {
      const user = aUser();
      await registerPasskey(user);
      await user.registerTransaction();
      expect((await user.list()).signals).toEqual([]);
      await sql(app, 'update transactions set expires_at = now() where consumed_at is null');
      expect((await user.list()).signals).toHaveLength(1);
    });

    it('signals also while a step-up, or a registration of another user, is under way', async () => {
      const [user, other] = [aUser(), aUser()];
      await registerPasskey(user);
      await user.authenticateTransaction();
      await other.registerTransaction();
      expect((await user.list()).signals).toHaveLength(1);
    });

    it('names the limit of the app, also to a user without passkeys', async () => {
      const user = aUser();
      await registerPasskey(user);
      await changeApp(app, TEST.appId, 'max_passkeys_per_user', 7);
      try {
        expect((await user.list()).limit).toBe(7);
        expect((await aUser().list()).limit).toBeGreaterThanOrEqual(7);
      } finally {
        await changeApp(app, TEST.appId, 'max_passkeys_per_user', 50);
      }
    });

    it('answers a user without an external ID without asking the provider', async () => {
      const stranger = new TestUser(app, { name: 'Nobody yet' });
      const known = aUser();
      await registerPasskey(known);
      const before = await contents(app);
      await sql(app, 'alter table flex_users rename to flex_users_hidden');
      try {
        expect((await known.call('GET', '/user/devices')).status).toBe(500);
        const answer = await stranger.call('GET', '/user/devices');
        expect(answer.status).toBe(200);
        expect(answer.body).toStrictEqual({
          username: 'Nobody yet',
          externalId: null,
          passkeys: [],
          limit: 50,
          lastPasskey: 'warn',
          signals: [],
        });
      } finally {
        await sql(app, 'alter table flex_users_hidden rename to flex_users');
      }
      expect(await contents(app)).toEqual(before);
    });

    it('shows a passkey as unused until its first sign-in, which does not change updatedAt', async () => {
      const user = aUser();
      const passkey = await registerPasskey(user);
      expect(passkey.device).toMatchObject({ lastLoginAt: null, usageCount: 0 });
      await signIn(passkey);
      const [afterOne] = await user.passkeys();
      expect(afterOne).toMatchObject({ usageCount: 1, updatedAt: passkey.device.updatedAt });
      expect(afterOne!.lastLoginAt).toMatch(RFC_3339);
      await stepUp(passkey);
      const [afterTwo] = await user.passkeys();
      expect(afterTwo).toMatchObject({ usageCount: 2, updatedAt: passkey.device.updatedAt });
      expect(Date.parse(afterTwo!.lastLoginAt!)).toBeGreaterThan(Date.parse(afterOne!.lastLoginAt!));
    });

    it.each([
      [
        'passkey',
        { backupEligible: true, backedUp: false, attachment: 'cross-platform', transports: ['usb'] },
      ],
      ['security_key', { backupEligible: false, backedUp: false, transports: ['nfc'] }],
      ['platform', { backupEligible: false, backedUp: false, transports: null }],
    ] as const)(
      'shows the type %s, and a passkey without backup as not synced',
      async (type, { transports, ...traits }) => {
        const user = aUser();
        const { device } = await registerPasskey(user, {
          traits: { ...traits, transports: transports && [...transports] },
        });
        expect(device).toMatchObject({ type, synced: false, transports: transports ?? [] });
      },
    );

    it('derives the type from the attachment if the browser sends it', async () => {
      const { device } = await registerPasskey(aUser(), {
        traits: { backupEligible: false, backedUp: false, transports: null, attachment: 'cross-platform' },
        browser: new Browser(app, { form: 'json' }),
      });
      expect(device.type).toBe('security_key');
    });

    it('shows the backup state of the last sign-in', async () => {
      const user = aUser();
      const passkey = await registerPasskey(user, { traits: { backupEligible: true, backedUp: false } });
      passkey.authenticator.credentials[0]!.backedUp = true;
      await signIn(passkey);
      expect(await user.passkeys()).toMatchObject([{ synced: true }]);
    });

    it('names passkeys by browser and system, and numbers equal names', async () => {
      const user = aUser();
      const userAgent =
        'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36';
      for (let i = 0; i < 2; i++) await registerPasskey(user, { browser: new Browser(app, { userAgent }) });
      await registerPasskey(user);
      expect(await user.passkeys()).toMatchObject([
        { friendlyName: 'Passkey', nameCode: 'passkey' },
        { friendlyName: 'Chrome on macOS (2)', nameCode: 'browser_on_system' },
        { friendlyName: 'Chrome on macOS', nameCode: 'browser_on_system' },
      ]);
    });

    it('gives a name that the user has chosen no code, not even the words of a default one', async () => {
      const user = aUser();
      const { device } = await registerPasskey(user);
      expect(device.nameCode).toBe('passkey');
      await user.rename(device.id, 'Security key');
      expect(await user.passkeys()).toMatchObject([{ friendlyName: 'Security key', nameCode: null }]);
    });

    it('tells browser and system of the registration and of the last sign-in', async () => {
      const user = aUser();
      const on = (platform: string) =>
        new Browser(app, {
          userAgent: `Mozilla/5.0 (${platform}) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36`,
        });
      const passkey = await registerPasskey(user, { browser: on('Macintosh; Intel Mac OS X 10_15_7') });
      const createdFrom = { browser: 'Chrome', system: 'macOS' };
      expect(await user.passkeys()).toMatchObject([{ createdFrom, lastUsedFrom: null }]);
      await signIn({ ...passkey, browser: on('Windows NT 10.0; Win64; x64') });
      expect(await user.passkeys()).toMatchObject([
        { createdFrom, lastUsedFrom: { browser: 'Chrome', system: 'Windows' } },
      ]);
      await signIn({ ...passkey, browser: new Browser(app) });
      expect(await user.passkeys()).toMatchObject([{ createdFrom, lastUsedFrom: null }]);
    });

    it('names security keys and phones of unknown make by what they are', async () => {
      const user = aUser();
      const key = { backupEligible: false, backedUp: false, transports: ['usb', 'nfc'] };
      const phone = { transports: ['hybrid'], attachment: 'cross-platform' as const };
      for (const traits of [key, key, phone, phone]) await registerPasskey(user, { traits });
      expect(await user.passkeys()).toMatchObject([
        { friendlyName: 'Phone or tablet (2)', nameCode: 'phone_or_tablet' },
        { friendlyName: 'Phone or tablet', nameCode: 'phone_or_tablet' },
        { friendlyName: 'Security key (2)', nameCode: 'security_key' },
        { friendlyName: 'Security key', nameCode: 'security_key' },
      ]);
    });
  });

  describe('the username', () => {
    it.each([
      ['preferred_username', { preferred_username: 'p', username: 'u', email: 'e', name: 'n' }, 'p'],
      ['username', { username: 'u', email: 'e', name: 'n' }, 'u'],
      ['cognito:username', { 'cognito:username': 'c', email: 'e', name: 'n' }, 'c'],
      ['email', { email: 'e', upn: 'w', name: 'n', preferred_username: '' }, 'e'],
      ['upn', { upn: 'w', name: 'n' }, 'w'],
      ['name', { name: 'n', email: 7 }, 'n'],
      ['the subject', {}, 'the-subject'],
    ])('is read from %s', async (_, claims, expected) => {
      const user = new TestUser(app, { ...claims, sub: 'the-subject' });
      expect((await user.list()).username).toBe(expected);
    });

    it('is stored as last seen, and changes no passkey', async () => {
      const ada = new TestUser(app, { name: 'Ada' });
      await registerPasskey(ada);
      const before = await ada.passkeys();
      const married = ada.on(app, { name: 'Ada Lovelace' });
      expect(await married.list()).toMatchObject({ username: 'Ada Lovelace', passkeys: before });
      expect(await count(app, `users where subject = $1 and username = 'Ada Lovelace'`, ada.subject)).toBe(1);
    });

    it.each([
      ['the claim name', { preferred_username: 'ada', name: 'Ada Lovelace' }, 'ada', 'Ada Lovelace'],
      [
        'itself where the token has no name',
        { email: 'ada@example.com' },
        'ada@example.com',
        'ada@example.com',
      ],
      ['itself where the name cannot be displayed', { email: 'ada', name: 'a\u202eb' }, 'ada', 'ada'],
      ['itself where the name is all there is', { name: 'Ada Lovelace' }, 'Ada Lovelace', 'Ada Lovelace'],
    ])(
      'stands beside the display name, %s, in the prompt of a registration and in signals',
      async (_, claims, name, displayName) => {
        const user = new TestUser(app, claims);
        const browser = new Browser(app);
        const { publicKey, answer } = await beginRegistration(user, browser);
        expect(publicKey.user).toMatchObject({ name, displayName });
        (await browser.finish('register', answer(new SoftwareAuthenticator()))).expect();
        const { username, signals } = await user.list();
        expect(username).toBe(name);
        expect(signals).toMatchObject([{ userId: publicKey.user.id, name, displayName }]);
      },
    );

    it('authorizes nothing: two users may have the same name', async () => {
      const one = new TestUser(app, { preferred_username: 'root' });
      const other = new TestUser(app, { preferred_username: 'root' });
      await registerPasskey(one);
      expect(await other.passkeys()).toEqual([]);
    });
  });

  describe('PATCH /user/devices/:id', () => {
    it('trims and composes the name, and returns the passkey as the list shows it', async () => {
      const user = aUser();
      const { device } = await registerPasskey(user);
      const answer = await user.rename(device.id, '  Cafe\u0301 \t');
      const renamed = answer.expect<typeof device>();
      expect(renamed).toStrictEqual({
        ...device,
        friendlyName: 'Caf\u00e9',
        nameCode: null,
        updatedAt: renamed.updatedAt,
      });
      expect(Date.parse(renamed.updatedAt)).toBeGreaterThan(Date.parse(device.updatedAt));
      expect(await user.passkeys()).toStrictEqual([renamed]);
    });

    it.each([
      ['64 letters', 'x'.repeat(64)],
      ['64 characters beyond the BMP', '🔑'.repeat(64)],
      ['markup, which is text', '<img src=x onerror=alert(1)>'],
      ['joined emoji', '👩‍💻'],
    ])('accepts %s', async (_, name) => {
      const user = aUser();
      const { device } = await registerPasskey(user);
      expect((await user.rename(device.id, name)).expect()).toMatchObject({ friendlyName: name });
    });

    it.each([
      ['an empty name', { friendlyName: '' }],
      ['blanks', { friendlyName: ' \u00a0\u2003' }],
      ['nothing visible', { friendlyName: '\u200b\u200d' }],
      ['65 letters', { friendlyName: 'x'.repeat(65) }],
      ['a line break', { friendlyName: 'a\nb' }],
      ['a control character', { friendlyName: 'a\u0085b' }],
      ['a line separator', { friendlyName: 'a\u2028b' }],
      ['a bidirectional override', { friendlyName: 'a\u202eb' }],
      ['a bidirectional isolate', { friendlyName: 'a\u2066b' }],
      ['a number', { friendlyName: 7 }],
      ['null', { friendlyName: null }],
      ['a list', { friendlyName: ['a'] }],
      ['an object', { friendlyName: { toString: 'a' } }],
      ['no name', {}],
      ['a member it does not know', { friendlyName: 'a', usageCount: 7 }],
    ])('refuses %s and changes nothing', async (_, body) => {
      const user = aUser();
      const { device } = await registerPasskey(user);
      const before = await contents(app);
      expectProblem(await user.call('PATCH', `/user/devices/${device.id}`, body), 400, 'invalid_request');
      expect(await contents(app)).toEqual(before);
    });
  });

  describe('revoking', () => {
    it('answers 200 with the text OK on POST /user/revokePasskey', async () => {
      const user = aUser();
      const { device } = await registerPasskey(user);
      const answer = await user.call('POST', '/user/revokePasskey', { id: device.id });
      expect(answer).toMatchObject({ status: 200, text: 'OK' });
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(await user.passkeys()).toEqual([]);
    });

    it('answers 204 without a body on DELETE', async () => {
      const user = aUser();
      const { device } = await registerPasskey(user);
      const kept = await registerPasskey(user);
      expect(await user.revoke(device.id)).toMatchObject({ status: 204, text: '' });
      expect(await user.passkeys()).toEqual([kept.device]);
    });

    it('succeeds once, and then answers device_not_found', async () => {
      const user = aUser();
      const { device } = await registerPasskey(user);
      await user.revoke(device.id);
      expectProblem(await user.revoke(device.id), 404, 'device_not_found');
      expectProblem(
        await user.call('POST', '/user/revokePasskey', { id: device.id }),
        404,
        'device_not_found',
      );
    });

    it.each([
      ['no id', {}],
      ['an empty id', { id: '' }],
      ['an id of 65 characters', { id: 'a'.repeat(65) }],
      ['a space', { id: 'a b' }],
      ['a path', { id: '../devices' }],
      ['a trailing line break', { id: `${UNKNOWN_ID}\n` }],
      ['a number', { id: 1 }],
      ['null', { id: null }],
      ['a list', { id: [UNKNOWN_ID] }],
      ['a member it does not know', { id: UNKNOWN_ID, userId: 'x' }],
    ])('refuses %s as malformed', async (_, body) => {
      expectProblem(await aUser().call('POST', '/user/revokePasskey', body), 400, 'invalid_request');
    });
  });

  describe('a passkey of another user', () => {
    const onEach = (call: (user: TestUser, id: string) => Promise<HttpAnswer>) => call;
    it.each([
      ['renamed', onEach((user, id) => user.rename(id, 'mine now'))],
      ['revoked', onEach((user, id) => user.revoke(id))],
      ['revoked by POST', onEach((user, id) => user.call('POST', '/user/revokePasskey', { id }))],
    ])('cannot be %s, with the same response as for an unknown passkey', async (_, call) => {
      const [owner, other, newcomer] = [aUser(), aUser(), aUser()];
      const { device } = await registerPasskey(owner);
      await registerPasskey(other);
      const before = await contents(app);
      const answers = [
        await call(other, device.id),
        await call(newcomer, device.id),
        await call(other, UNKNOWN_ID),
        await call(newcomer, UNKNOWN_ID),
      ];
      for (const answer of answers) {
        expectProblem(answer, 404, 'device_not_found');
        expect(withoutRequestId(answer)).toEqual(withoutRequestId(answers[0]!));
      }
      expect(await contents(app)).toEqual(before);
      expect(await owner.passkeys()).toEqual([device]);
    });

    it('a malformed id in a path gets the same response as an unknown passkey', async () => {
      const user = aUser();
      const unknown = withoutRequestId(await user.revoke(UNKNOWN_ID));
      for (const id of ['a'.repeat(65), 'a%20b', '%00', 'a%2Fb', 'é'.normalize('NFD')]) {
        expect(withoutRequestId(await user.revoke(id))).toEqual(unknown);
      }
    });
  });

  describe('POST /passkey/register', () => {
    it('returns a transaction, and creates a random external ID once', async () => {
      const user = aUser();
      const answer = await user.call('POST', '/passkey/register');
      expect(answer.expect(201)).toStrictEqual({
        transactionId: expect.stringMatching(BEARER_SECRET) as string,
        appId: TEST.appId,
        flexUrl: `${TEST.publicUrl}/v1`,
      });
      const externalId = () =>
        sql<{ id: string }>(
          app,
          'select passage_external_id as id from users where subject = $1',
          user.subject,
        );
      const made = await externalId();
      expect(made).toEqual([{ id: expect.stringMatching(UUID_V4) as string }]);
      await user.registerTransaction();
      expect(await externalId()).toEqual(made);
    });

    it('ties the external ID to the issuer and the subject of the token, each by every character', async () => {
      const user = aUser();
      const issuers = ['https://login.other.example', `${TEST.issuer}/`, TEST.issuer.toUpperCase()];
      const insert = `insert into users (id, issuer, subject, username, passage_external_id)
        values ($1, $1, $2, 'x', $1)`;
      for (const issuer of issuers) await sql(app, insert, issuer, user.subject);
      expect(await user.list()).toMatchObject({ passkeys: [], signals: [] });
      const { device } = await registerPasskey(user);
      const shouting = new TestUser(app, { sub: user.subject.toUpperCase() });
      const spaced = new TestUser(app, { sub: `${user.subject} ` });
      expect([await shouting.passkeys(), await spaced.passkeys()]).toEqual([[], []]);
      expect(await user.passkeys()).toEqual([device]);
      const rows = await sql<{ issuer: string; id: string }>(
        app,
        'select issuer, passage_external_id as id from users where subject = $1',
        user.subject,
      );
      expect(Object.fromEntries(rows.map(({ issuer, id }) => [issuer, id]))).toEqual({
        ...Object.fromEntries(issuers.map((issuer) => [issuer, issuer])),
        [TEST.issuer]: expect.stringMatching(UUID_V4) as string,
      });
    });

    it('accepts an empty object for no body, and refuses any other body', async () => {
      const user = aUser();
      expect((await user.call('POST', '/passkey/register', {})).status).toBe(201);
      const before = await contents(app);
      for (const body of [{ authenticatorAttachment: 'platform' }, [], [{}]]) {
        expectProblem(await user.call('POST', '/passkey/register', body), 400, 'invalid_request');
        expectProblem(
          await user.call('POST', '/user/authenticate-with-passkey', body),
          400,
          'invalid_request',
        );
      }
      expect(await contents(app)).toEqual(before);
    });

    it('refuses a passkey beyond the limit of the app', async () => {
      const user = aUser();
      await registerPasskey(user);
      await sql(app, 'update apps set max_passkeys_per_user = 1');
      try {
        expectProblem(await user.call('POST', '/passkey/register'), 409, 'too_many_passkeys');
      } finally {
        await sql(app, 'update apps set max_passkeys_per_user = 50');
      }
    });
  });

  describe('POST /user/authenticate-with-passkey', () => {
    it('answers 409 to a user who never had a passkey, and to one who revoked the last one', async () => {
      const newcomer = aUser();
      const former = aUser();
      await former.revoke((await registerPasskey(former)).device.id);
      const begun = aUser();
      await begun.registerTransaction();
      for (const user of [newcomer, former, begun]) {
        const answer = await user.call('POST', '/user/authenticate-with-passkey');
        expectProblem(answer, 409, 'user_has_no_passkeys');
      }
    });

    it('returns a transaction for the user of the token, and the sign-in on it proves that user', async () => {
      const user = new TestUser(app, { name: 'Ada' });
      const passkey = await registerPasskey(user);
      const leave = (await user.call('POST', '/user/authenticate-with-passkey')).expect(201);
      expect(leave).toStrictEqual({
        transactionId: expect.stringMatching(BEARER_SECRET) as string,
        appId: TEST.appId,
        flexUrl: `${TEST.publicUrl}/v1`,
      });
      const proven = (await user.verify(await stepUp(passkey))).expect();
      expect(proven).toStrictEqual({
        username: 'Ada',
        externalId: expect.stringMatching(UUID_V4) as string,
        kind: 'authenticate',
        deviceId: passkey.device.id,
      });
    });
  });

  describe('POST /passkey/verify', () => {
    it('tells the nonce of a registration from that of a sign-in and that of a step-up', async () => {
      const user = new TestUser(app, { name: 'Ada' });
      const browser = new Browser(app);
      const begun = await beginRegistration(user, browser);
      const authenticator = new SoftwareAuthenticator();
      const finished = await browser.finish('register', begun.answer(authenticator));
      const { nonce } = finished.expect<{ nonce: string }>();
      expect(nonce).toMatch(BEARER_SECRET);
      expect((await user.verify(nonce)).expect()).toMatchObject({ username: 'Ada', kind: 'register' });
      const { transactionId } = await user.authenticateTransaction();
      for (const signInBegun of [await browser.beginSignIn(), await browser.beginSignIn(transactionId)]) {
        const signedIn = await browser.finish('authenticate', signInBegun.answer(authenticator));
        const verified = await user.verify(signedIn.expect<{ nonce: string }>().nonce);
        expect(verified.expect()).toMatchObject({ username: 'Ada', kind: 'authenticate' });
      }
    });

    it('refuses another user’s nonce, and consumes it', async () => {
      const [owner, other, newcomer] = [aUser(), aUser(), aUser()];
      const passkey = await registerPasskey(owner);
      await registerPasskey(other);
      for (const thief of [other, newcomer]) {
        const nonce = await signIn(passkey);
        expectProblem(await thief.verify(nonce), 401, 'invalid_nonce');
        expectProblem(await owner.verify(nonce), 401, 'invalid_nonce');
      }
    });

    it('answers a nonce that was never issued like one that is spent', async () => {
      const user = aUser();
      const { nonce } = await registerPasskey(user);
      const spent = await user.verify(nonce);
      const unknown = await user.verify('A'.repeat(43));
      expectProblem(spent, 401, 'invalid_nonce');
      expect(withoutRequestId(spent)).toEqual(withoutRequestId(unknown));
    });

    it.each([
      [{}],
      [{ nonce: '' }],
      [{ nonce: 'a'.repeat(257) }],
      [{ nonce: 1 }],
      [{ nonce: 'a', kind: 'register' }],
    ])('refuses %j as malformed', async (body) => {
      expectProblem(await aUser().call('POST', '/passkey/verify', body), 400, 'invalid_request');
    });
  });

  describe('a user who was deactivated', () => {
    it('can start no ceremony and verify no nonce, but can list and revoke passkeys', async () => {
      const user = aUser();
      const passkey = await registerPasskey(user);
      const nonce = await signIn(passkey);
      const id = await flexUserIdOf(app, user.subject);
      await sql(app, `update flex_users set status = 'inactive' where id = $1`, id);
      expectProblem(await user.call('POST', '/passkey/register'), 403, 'user_not_active');
      expectProblem(await user.call('POST', '/user/authenticate-with-passkey'), 403, 'user_not_active');
      expectProblem(await user.verify(nonce), 401, 'invalid_nonce');
      expect(await user.passkeys()).toHaveLength(1);
      expect((await user.revoke(passkey.device.id)).status).toBe(204);
    });
  });

  describe('a request without a valid token', () => {
    const ROUTES = [
      ['GET', '/user/devices'],
      ['POST', '/user/revokePasskey'],
      ['DELETE', `/user/devices/${UNKNOWN_ID}`],
      ['PATCH', `/user/devices/${UNKNOWN_ID}`],
      ['POST', '/passkey/register'],
      ['POST', '/user/authenticate-with-passkey'],
      ['POST', '/passkey/verify'],
    ] as const;
    const withHeader = (authorization: string, url = '/user/devices') =>
      send(app, { url, headers: { authorization } });

    it.each(ROUTES)('is refused on %s %s', async (method, url) => {
      const none = await send(app, { method, url });
      expectProblem(none, 401, 'missing_token');
      expect(none.headers['www-authenticate']).toBe('Bearer');
      const bad = await send(app, { method, url, headers: { authorization: 'Bearer a.b.c' } });
      expectProblem(bad, 401, 'invalid_token');
      expect(bad.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    });

    it.each([
      ['has expired', { exp: Math.floor(Date.now() / 1000) - 31 }],
      ['never expires', { exp: undefined }],
      ['is for another audience', { aud: 'another-service' }],
      ['has another issuer', { iss: `${TEST.issuer}/` }],
      ['has an empty subject', { sub: '' }],
      ['is not valid yet', { nbf: Math.floor(Date.now() / 1000) + 86_400 }],
    ])('is refused when the token %s', async (_, claims) => {
      expectProblem(await withHeader(`Bearer ${await aUser().token(claims)}`), 401, 'invalid_token');
    });

    it('is accepted if the token expired less than 30 seconds ago', async () => {
      const token = await aUser().token({ exp: Math.floor(Date.now() / 1000) - 20 });
      expect((await withHeader(`Bearer ${token}`)).status).toBe(200);
    });

    it('is refused when the token is not signed', async () => {
      const exp = Math.floor(Date.now() / 1000) + 60;
      const unsigned = new UnsecuredJWT({ iss: TEST.issuer, aud: TEST.audience, sub: 'ada', exp }).encode();
      expectProblem(await withHeader(`Bearer ${unsigned}`), 401, 'invalid_token');
      const forged = `${unsigned}${Buffer.alloc(32).toString('base64url')}`;
      expectProblem(await withHeader(`Bearer ${forged}`), 401, 'invalid_token');
    });

    it('is refused when the token is in the query or a cookie', async () => {
      const token = await aUser().token();
      const url = `/user/devices?access_token=${token}`;
      expectProblem(await send(app, { url, headers: { cookie: `token=${token}` } }), 401, 'missing_token');
    });

    it('is refused with an API key', async () => {
      expectProblem(await withHeader(`Bearer kw_abcdefghijkl_${'A'.repeat(43)}`), 401, 'invalid_token');
    });
  });

  describe('every answer', () => {
    /** Asks every route with every method that it has, as a user and without a token. */
    const askAll = async (headers: Record<string, string> = {}) => {
      const asked = [{ url: '/nowhere', methods: ['GET'] }, ...routesOf(app)].flatMap(({ url, methods }) =>
        methods.map((method) => ({ method: method as 'GET', url })),
      );
      const authorization = `Bearer ${await aUser().token()}`;
      const answers: { route: string; answer: HttpAnswer }[] = [];
      for (const { method, url } of asked) {
        for (const caller of [{}, { authorization }]) {
          const path = url.replace(':app', TEST.appId).replace(':file', 'light.svg');
          const answer = await send(app, {
            method,
            url: path.replace(':name', 'passkey').replace(/:\w+/g, UNKNOWN_ID),
            headers: { ...headers, ...caller },
            remoteAddress: newAddress(),
          });
          answers.push({ route: `${method} ${url}`, answer });
        }
      }
      const statuses = new Set(answers.map(({ answer }) => answer.status));
      expect([...statuses]).toEqual(expect.arrayContaining([200, 201, 400, 401, 404]));
      return answers;
    };

    it('has a request id, generated or taken from a well-formed header of the request', async () => {
      for (const [given, expected] of [
        ['trace-0123456789', 'trace-0123456789'],
        ['no spaces please', expect.stringMatching(UUID_V4) as string],
      ] as const) {
        for (const { route, answer } of await askAll({ 'x-request-id': given })) {
          const id = answer.headers['x-request-id'];
          expect({ route, id }).toEqual({ route, id: expected });
          const isProblem = String(answer.headers['content-type']).startsWith('application/problem+json');
          if (isProblem && answer.text !== '') expect(answer.body).toMatchObject({ requestId: id });
        }
      }
    });

    it('has headers against sniffing and framing, and against caching unless it is a picture', async () => {
      for (const { route, answer } of await askAll()) {
        const isPicture = answer.headers['content-type'] === 'image/svg+xml';
        expect({ route, ...answer.headers }).toMatchObject({
          route,
          'x-content-type-options': 'nosniff',
          'strict-transport-security': 'max-age=31536000',
          'content-security-policy': expect.stringMatching(/^default-src 'none';/) as string,
          ...(!isPicture && {
            'cache-control': route.endsWith(' /elements') ? 'no-cache' : 'no-store',
            'content-security-policy': "default-src 'none';frame-ancestors 'none'",
          }),
        });
      }
    });
  });

  describe('CORS', () => {
    const preflight = (origin: string) =>
      send(app, {
        method: 'OPTIONS',
        url: '/user/devices/x',
        headers: {
          origin,
          'access-control-request-method': 'PATCH',
          'access-control-request-headers': 'authorization,content-type',
        },
      });

    it('allows the app’s origins to call, without credentials', async () => {
      const { status, headers } = await preflight(TEST.origin);
      expect(status).toBe(204);
      expect(headers['access-control-allow-origin']).toBe(TEST.origin);
      expect(String(headers['access-control-allow-methods']).split(', ')).toEqual(
        expect.arrayContaining(['GET', 'POST', 'PATCH', 'DELETE']),
      );
      expect(String(headers['access-control-allow-headers'])).toMatch(/authorization.*content-type/);
      expect(headers['access-control-allow-credentials']).toBeUndefined();
    });

    it('allows the app’s origins to read responses, refusals included', async () => {
      const { status, headers } = await send(app, { url: '/user/devices', headers: { origin: TEST.origin } });
      expect(status).toBe(401);
      expect(headers['access-control-allow-origin']).toBe(TEST.origin);
      expect(headers['access-control-expose-headers']).toMatch(/www-authenticate/);
      expect(headers.vary).toMatch(/origin/i);
    });

    it.each([
      'https://evil.example',
      'http://shop.example',
      'https://shop.example:8443',
      'https://a.shop.example',
      'null',
    ])('does not allow the origin %s', async (origin) => {
      for (const { headers } of [
        await preflight(origin),
        await send(app, { url: '/user/devices', headers: { origin } }),
      ]) {
        expect(headers['access-control-allow-origin']).toBeUndefined();
      }
    });
  });
});

function expectProblem(answer: HttpAnswer, status: number, code: string): void {
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(answer.body).toMatchObject({
    type: 'about:blank',
    title: expect.any(String) as string,
    status,
    code,
    requestId: answer.headers['x-request-id'],
  });
  expect(answer.status).toBe(status);
}

function withoutRequestId(answer: HttpAnswer): unknown {
  const { status, headers } = answer;
  const own = { 'x-request-id': undefined, date: undefined };
  return { status, headers: { ...headers, ...own }, body: { ...answer.as<object>(), requestId: undefined } };
}
