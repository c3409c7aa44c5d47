import { AppServer } from '../support/app-server.js';
import { Browser } from '../support/browser.js';
import { aReplicaOf, buildApp, TEST, type TestApp } from '../support/build-app.js';
import { codeOf, type HttpAnswer } from '../support/http-answer.js';
import { SILENTLY, SoftwareAuthenticator } from '../support/software-authenticator.js';
import { changeApp, contents, contentsButTrail, count, eventsOf, sql } from '../support/tables.js';
import { secondsAgo, TestUser } from '../support/test-user.js';

const INVALID = [400, 'invalid_request'];
const NOT_FOUND = [404, 'transaction_not_found'];

let app: TestApp;
/** A second process on the same database, with the same secrets. */
let replica: TestApp;
beforeAll(async () => {
  app = await buildApp();
  replica = await aReplicaOf(app);
  await changeApp(app, TEST.appId, 'conditional_create', 'on');
});
afterAll(async () => {
  await replica?.close();
  await app?.close();
});

/** The server of an app that allows automatic upgrades. */
const aServer = (columns: Record<string, unknown> = {}) =>
  AppServer.create(app, { conditional_create: 'on', ...columns });
const idIn = (answer: HttpAnswer) => answer.expect<{ transaction_id: string }>(201).transaction_id;
const nonceIn = (answer: HttpAnswer) => answer.expect<{ nonce: string }>().nonce;

/** An automatic upgrade of a server's user, from transaction to nonce. */
async function upgrade(server: AppServer, externalId = 'ada') {
  const browser = server.tenant.browser();
  const authenticator = new SoftwareAuthenticator();
  const begun = await browser.beginRegistration(idIn(await server.conditionalTransaction(externalId)));
  const nonce = nonceIn(await browser.finish('register', begun.answer(authenticator, SILENTLY)));
  return { browser, authenticator, nonce };
}

/** Whether each of the app's nonces is automatic, oldest first. */
async function automaticNonces({ tenant }: AppServer): Promise<boolean[]> {
  const text = 'select automatic from nonces where app_id = $1 order by created_at';
  return (await sql<{ automatic: boolean }>(app, text, tenant.id)).map(({ automatic }) => automatic);
}

async function automaticPasskeys({ tenant }: AppServer): Promise<boolean[]> {
  const text = 'select automatic from devices where app_id = $1 order by created_at';
  return (await sql<{ automatic: boolean }>(app, text, tenant.id)).map(({ automatic }) => automatic);
}

describe('an automatic upgrade', () => {
  it('registers a passkey without user presence and verification, on a server’s conditional transaction', async () => {
    const server = await aServer();
    const browser = server.tenant.browser();
    const transactionId = idIn(await server.conditionalTransaction('ada'));
    const started = await browser.post('register', 'start', { transaction_id: transactionId });
    expect(started.expect()).toMatchObject({
      transaction_id: transactionId,
      conditional: true,
      handshake: {
        challenge: { publicKey: { authenticatorSelection: { userVerification: 'preferred' } } },
      },
    });
    const begun = await browser.beginRegistration(transactionId);
    const finished = await browser.finish('register', begun.answer(new SoftwareAuthenticator(), SILENTLY));
    const verified = (await server.verify(nonceIn(finished))).expect();
    expect(verified).toMatchObject({ external_id: 'ada', kind: 'register', user_verified: false });
    expect(await server.devices('ada')).toHaveLength(1);
  });

  it('registers also where the authenticator did verify the user, and the passkey is automatic all the same', async () => {
    const server = await aServer();
    const browser = server.tenant.browser();
    const begun = await browser.beginRegistration(idIn(await server.conditionalTransaction('ada')));
    const nonce = nonceIn(await browser.finish('register', begun.answer(new SoftwareAuthenticator())));
    expect((await server.verify(nonce)).expect()).toMatchObject({ kind: 'register', user_verified: true });
    expect(await automaticPasskeys(server)).toEqual([true]);
    expect(await automaticNonces(server)).toEqual([true]);
  });

  it('is told in the audit trail as the reason of the registration, which others have none of', async () => {
    const server = await aServer();
    const automatic = await eventsOf(app, () => upgrade(server));
    expect(automatic).toMatchObject([
      { type: 'passkey.registered', reason: 'automatic', appId: server.tenant.id },
    ]);
    const asked = await eventsOf(app, () => server.tenant.register('ada'));
    expect(asked).toMatchObject([{ type: 'passkey.registered', reason: null }]);
  });

  it('marks passkey and nonce as automatic, and those of other registrations not', async () => {
    const server = await aServer();
    await upgrade(server);
    await server.tenant.register('ada');
    expect(await automaticPasskeys(server)).toEqual([true, false]);
    expect(await automaticNonces(server)).toEqual([true, false]);
  });

  it('leaves the passkey automatic until a sign-in verifies the user, and not only until it is used', async () => {
    const server = await aServer({ user_verification: 'preferred' });
    const { browser, authenticator } = await upgrade(server);
    const signIn = async (uv: boolean) =>
      nonceIn(
        await browser.finish(
          'authenticate',
          (await browser.beginSignIn()).answer(authenticator, { flags: { uv } }),
        ),
      );
    await signIn(false);
    expect(await automaticPasskeys(server)).toEqual([true]);
    await signIn(true);
    expect(await automaticPasskeys(server)).toEqual([false]);
    await signIn(false);
    expect(await automaticPasskeys(server)).toEqual([false]);
    expect(await automaticNonces(server)).toEqual([true, true, false, false]);
  });

  it('leaves the passkey automatic when the verifying sign-in is refused', async () => {
    const server = await aServer();
    const { browser, authenticator } = await upgrade(server);
    const { answer } = await browser.beginSignIn();
    const forged = { mutateSignature: (it: Uint8Array) => Buffer.from(it).reverse() };
    const refused = await browser.finish('authenticate', answer(authenticator, forged));
    expect(codeOf(refused)).toEqual([401, 'discoverable_login_failed']);
    expect(await automaticPasskeys(server)).toEqual([true]);
  });

  describe('is refused', () => {
    /** Without when keys were last used, which is kept of each request that shows one. */
    const rows = async () => ({ ...(await contentsButTrail(app)), api_keys: null });
    /** What is refused leaves one event with this reason, and everything else as it was. */
    const refused = async (reason: string | null, code: unknown, finish: () => Promise<HttpAnswer>) => {
      const before = await rows();
      const events = await eventsOf(app, async () => expect(codeOf(await finish())).toEqual(code));
      expect(events.map((it) => it.reason)).toEqual(reason === null ? [] : [reason]);
      expect(await rows()).toEqual(before);
    };

    it('without user presence on an ordinary transaction', async () => {
      const server = await aServer({ user_verification: 'discouraged' });
      const browser = server.tenant.browser();
      const begun = await browser.beginRegistration(await server.registerTransaction('ada'));
      await refused('user_not_present', INVALID, () =>
        browser.finish('register', begun.answer(new SoftwareAuthenticator(), SILENTLY)),
      );
    });

    it('without user presence at a sign-in, also with an automatic passkey', async () => {
      const server = await aServer({ user_verification: 'discouraged' });
      const { browser, authenticator } = await upgrade(server);
      const begun = await browser.beginSignIn();
      await refused('user_not_present', [401, 'discoverable_login_failed'], () =>
        browser.finish('authenticate', begun.answer(authenticator, SILENTLY)),
      );
    });

    it('where only the bodies of start and finish say that it is conditional', async () => {
      const server = await aServer();
      const browser = server.tenant.browser();
      const begun = await browser.beginRegistration(await server.registerTransaction('ada'), {
        conditional: true,
        mediation: 'conditional',
      });
      expect(begun.publicKey.authenticatorSelection).toMatchObject({ userVerification: 'required' });
      await refused('user_not_present', INVALID, () =>
        browser.finish('register', {
          ...begun.answer(new SoftwareAuthenticator(), SILENTLY),
          conditional: true,
          mediation: 'conditional',
        }),
      );
    });

    it('on a transaction of another app, from its start or with its handshake', async () => {
      const [server, other] = [await aServer(), await aServer()];
      const transactionId = idIn(await server.conditionalTransaction('ada'));
      const begun = await server.tenant.browser().beginRegistration(transactionId);
      const elsewhere = other.tenant.browser();
      await refused(null, NOT_FOUND, () =>
        elsewhere.post('register', 'start', { transaction_id: transactionId }),
      );
      await refused('handshake_of_other_app', INVALID, () =>
        elsewhere.finish('register', begun.answer(new SoftwareAuthenticator(), SILENTLY)),
      );
    });

    it('when it is finished twice', async () => {
      const server = await aServer();
      const browser = server.tenant.browser();
      const begun = await browser.beginRegistration(idIn(await server.conditionalTransaction('ada')));
      const body = begun.answer(new SoftwareAuthenticator(), SILENTLY);
      nonceIn(await browser.finish('register', body));
      for (const again of [body, begun.answer(new SoftwareAuthenticator(), SILENTLY)]) {
        await refused('handshake_spent', INVALID, () => browser.finish('register', again));
      }
    });

    it('with the handshake of an ordinary transaction, and an ordinary one with its handshake', async () => {
      const server = await aServer();
      const browser = server.tenant.browser();
      const asked = await browser.beginRegistration(await server.registerTransaction('ada'));
      const automatic = await browser.beginRegistration(idIn(await server.conditionalTransaction('ada')));
      const body = asked.answer(new SoftwareAuthenticator(), SILENTLY);
      const other = automatic.answer(new SoftwareAuthenticator(), SILENTLY);
      const { transaction_id: conditional } = other;
      for (const swapped of [
        { ...body, transaction_id: conditional },
        { ...other, transaction_id: body.transaction_id },
        { ...body, transaction_id: conditional, handshake_id: automatic.handshakeId },
      ]) {
        const before = await count(app, 'devices');
        const [status] = codeOf(await browser.finish('register', swapped));
        expect([400, 404]).toContain(status);
        expect(await count(app, 'devices')).toBe(before);
      }
    });

    it.each([
      ['conditional', 'ordinary'],
      ['ordinary', 'conditional'],
    ])('with the handshake of a %s start once the transaction’s row says %s', async (start) => {
      const server = await aServer({ user_verification: 'discouraged' });
      const browser = server.tenant.browser();
      const transactionId =
        start === 'conditional'
          ? idIn(await server.conditionalTransaction('ada'))
          : await server.registerTransaction('ada');
      const begun = await browser.beginRegistration(transactionId);
      await sql(
        app,
        'update transactions set conditional = not conditional where app_id = $1',
        server.tenant.id,
      );
      await refused('transaction_not_found', NOT_FOUND, () =>
        browser.finish('register', begun.answer(new SoftwareAuthenticator())),
      );
    });

    it('at the start once the app has switched it off, though the transaction was made before', async () => {
      const server = await aServer();
      const transactionId = idIn(await server.conditionalTransaction('ada'));
      await server.tenant.change('conditional_create', 'off');
      await refused(null, [403, 'operation_not_allowed'], () =>
        server.tenant.browser().post('register', 'start', { transaction_id: transactionId }),
      );
    });

    it('at the finish once the app has switched it off, also where the authenticator verified the user', async () => {
      const server = await aServer();
      const browser = server.tenant.browser();
      const begun = await browser.beginRegistration(idIn(await server.conditionalTransaction('ada')));
      await server.tenant.change('conditional_create', 'off');
      for (const overrides of [SILENTLY, {}]) {
        await refused('conditional_create_off', INVALID, () =>
          browser.finish('register', begun.answer(new SoftwareAuthenticator(), overrides)),
        );
      }
    });

    it('to an app that does not allow it, and makes no user for it', async () => {
      const server = await AppServer.create(app);
      await refused(null, [403, 'operation_not_allowed'], () => server.conditionalTransaction('ada'));
    });

    it('to an inactive user, and to one who has as many passkeys as they may', async () => {
      const server = await aServer({ max_passkeys_per_user: 1 });
      await upgrade(server, 'full');
      const full = await server.conditionalTransaction('full');
      expect(full.status).toBe(403);
      await upgrade(server, 'gone');
      (await server.call('PATCH', '/external-users/gone', { status: 'inactive' })).expect();
      expect(codeOf(await server.conditionalTransaction('gone'))).toEqual([403, 'cannot_create_transaction']);
      expect(
        await count(app, `transactions where app_id = $1 and consumed_at is null`, server.tenant.id),
      ).toBe(0);
    });

    it.each(['true', 1, {}, []])('to a server that asks for it by %j', async (conditional) => {
      const server = await aServer();
      const body = { external_id: 'ada', passkey_display_name: 'Ada', conditional };
      await refused(null, INVALID, () => server.call('POST', '/transactions/register', body));
    });
  });

  describe('is offered to a user', () => {
    const TOO_MANY = [429, 'exceeded_attempts'];
    /** Time passes for the offers that the server's users had. */
    const later = (server: AppServer, interval: string) =>
      sql(
        app,
        `with earlier as (
           update transactions set expires_at = expires_at - $2::interval where app_id = $1
         )
         update flex_users set upgrades_offered_at = array(
           select at - $2::interval from unnest(upgrades_offered_at) with ordinality o(at, i) order by i
         ) where app_id = $1`,
        server.tenant.id,
        interval,
      );

    it('once at a time: a second transaction is refused while the first may be used', async () => {
      const server = await aServer();
      idIn(await server.conditionalTransaction('ada'));
      const before = await contents(app);
      const second = await server.conditionalTransaction('ada');
      expect(codeOf(second)).toEqual(TOO_MANY);
      expect(Number(second.headers['retry-after'])).toBeGreaterThan(290);
      expect(Number(second.headers['retry-after'])).toBeLessThanOrEqual(300);
      expect(await contents(app)).toEqual(before);
      expect((await server.conditionalTransaction('bob')).status).toBe(201);
      await server.registerTransaction('ada');
      await later(server, '301 seconds');
      expect((await server.conditionalTransaction('ada')).status).toBe(201);
    });

    it('again as soon as the first was used', async () => {
      const server = await aServer();
      await upgrade(server);
      await upgrade(server);
      expect(await automaticPasskeys(server)).toEqual([true, true]);
    });

    it('five times a day: the sixth is refused until the first is a day ago', async () => {
      const server = await aServer();
      for (let i = 0; i < 5; i++) {
        idIn(await server.conditionalTransaction('ada'));
        await later(server, '1 hour');
      }
      const before = await contents(app);
      const sixth = await server.conditionalTransaction('ada');
      expect(codeOf(sixth)).toEqual(TOO_MANY);
      const wait = Number(sixth.headers['retry-after']);
      expect(wait).toBeGreaterThan(19 * 3600 - 60);
      expect(wait).toBeLessThanOrEqual(19 * 3600);
      expect(await contents(app)).toEqual(before);
      await later(server, '19 hours');
      idIn(await server.conditionalTransaction('ada'));
      await later(server, '10 minutes');
      expect(codeOf(await server.conditionalTransaction('ada'))).toEqual(TOO_MANY);
    });

    it('once, when many requests race on two replicas, also the first of all for the user', async () => {
      const server = await aServer();
      for (const externalId of ['new', 'known']) {
        if (externalId === 'known') await server.registerTransaction(externalId);
        const racers = Array.from({ length: 12 }, (_, i) =>
          server.on(i % 2 ? app : replica).conditionalTransaction(externalId),
        );
        const statuses = (await Promise.all(racers)).map(({ status }) => status);
        expect(statuses.filter((it) => it === 201)).toHaveLength(1);
        expect(statuses.filter((it) => it === 429)).toHaveLength(11);
      }
    });
  });
});

describe('the user’s API', () => {
  const aUser = (claims: Record<string, unknown> = { auth_time: secondsAgo(5) }) => new TestUser(app, claims);

  it('gives somebody who has just signed in a conditional transaction, and their list marks the passkey', async () => {
    const user = aUser();
    const { transactionId, appId } = (await user.beginUpgrade()).expect<{
      transactionId: string;
      appId: string;
    }>(201);
    expect(appId).toBe(TEST.appId);
    const browser = new Browser(app);
    const authenticator = new SoftwareAuthenticator();
    const begun = await browser.beginRegistration(transactionId);
    const nonce = nonceIn(await browser.finish('register', begun.answer(authenticator, SILENTLY)));
    expect((await user.verify(nonce)).expect()).toMatchObject({ kind: 'register' });
    expect(await user.passkeys()).toMatchObject([{ automatic: true, lastLoginAt: null }]);
    const signIn = await browser.beginSignIn();
    nonceIn(await browser.finish('authenticate', signIn.answer(authenticator)));
    expect(await user.passkeys()).toMatchObject([{ automatic: false, usageCount: 1 }]);
  });

  it('shows the password manager username and display name, as an ordinary registration does', async () => {
    const user = aUser({ auth_time: secondsAgo(5), preferred_username: 'ada', name: 'Ada Lovelace' });
    const { transactionId } = (await user.beginUpgrade()).expect<{ transactionId: string }>(201);
    const { publicKey } = await new Browser(app).beginRegistration(transactionId);
    expect(publicKey.user).toMatchObject({ name: 'ada', displayName: 'Ada Lovelace' });
  });

  it('gives an ordinary transaction where the body is absent, empty, or says that it is not conditional', async () => {
    const user = aUser({});
    for (const body of [undefined, {}, { conditional: false }, { conditional: null }]) {
      (await user.call('POST', '/passkey/register', body)).expect(201);
    }
    expect(
      await count(app, 'transactions where conditional and passkey_display_name = $1', user.subject),
    ).toBe(0);
  });

  it.each([{ conditional: 'true' }, { conditional: 1 }, { conditional: true, mediation: 'conditional' }, []])(
    'refuses the body %j, and stores nothing',
    async (body) => {
      const before = await contents(app);
      const answer = await aUser().call('POST', '/passkey/register', body);
      expect(codeOf(answer)).toEqual(INVALID);
      expect(await contents(app)).toEqual(before);
    },
  );

  it.each([
    ['no auth_time', () => ({})],
    ['an auth_time of 301 seconds ago', () => ({ auth_time: secondsAgo(301) })],
    ['an auth_time that is 60 seconds ahead', () => ({ auth_time: secondsAgo(-60) })],
    ['an auth_time in text', () => ({ auth_time: String(secondsAgo(5)) })],
    ['an auth_time of null', () => ({ auth_time: null })],
    ['a fresh iat alone', () => ({ iat: secondsAgo(1) })],
  ])('refuses a token with %s, asks for a newer sign-in, and stores nothing', async (_, claims) => {
    const before = await contents(app);
    const answer = await aUser(claims()).beginUpgrade();
    expect(codeOf(answer)).toEqual([401, 'insufficient_user_authentication']);
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer error="insufficient_user_authentication", max_age="300"',
    );
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(await contents(app)).toEqual(before);
  });

  it('judges auth_time of the request at hand, not of the one before', async () => {
    const user = aUser();
    (await user.beginUpgrade()).expect(201);
    await sql(app, 'update transactions set consumed_at = now() where conditional');
    expect((await user.on(app, { auth_time: secondsAgo(400) }).beginUpgrade()).status).toBe(401);
    (await user.on(app, { auth_time: secondsAgo(290) }).beginUpgrade()).expect(201);
  });

  it('refuses where the app does not allow it, and stores nothing of the user', async () => {
    await changeApp(app, TEST.appId, 'conditional_create', 'off');
    try {
      const before = await contents(app);
      expect(codeOf(await aUser().beginUpgrade())).toEqual([403, 'access_denied']);
      expect(await contents(app)).toEqual(before);
    } finally {
      await changeApp(app, TEST.appId, 'conditional_create', 'on');
    }
  });

  it('refuses a second one while the first is open, with Retry-After, and a sixth in a day', async () => {
    const user = aUser();
    (await user.beginUpgrade()).expect(201);
    const second = await user.beginUpgrade();
    expect(codeOf(second)).toEqual([429, 'too_many_requests']);
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(290);
    const use = () =>
      sql(app, 'update transactions set consumed_at = now() where passkey_display_name = $1', user.subject);
    for (let i = 0; i < 4; i++) {
      await use();
      (await user.beginUpgrade()).expect(201);
    }
    await use();
    expect(codeOf(await user.beginUpgrade())).toEqual([429, 'too_many_requests']);
  });

  it('lets no other user make anything of somebody’s conditional transaction', async () => {
    const [ada, eve] = [aUser(), aUser()];
    const { transactionId } = (await ada.beginUpgrade()).expect<{ transactionId: string }>(201);
    const browser = new Browser(app);
    const begun = await browser.beginRegistration(transactionId);
    const nonce = nonceIn(
      await browser.finish('register', begun.answer(new SoftwareAuthenticator(), SILENTLY)),
    );
    expect(codeOf(await eve.verify(nonce))).toEqual([401, 'invalid_nonce']);
    expect(await eve.passkeys()).toEqual([]);
    expect(await ada.passkeys()).toMatchObject([{ automatic: true }]);
  });
});
