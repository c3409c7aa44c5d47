import { Browser } from '../support/browser.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { beginRegistration, registerPasskey, type RegisteredPasskey, stepUpFor } from '../support/flows.js';
import { codeOf, type HttpAnswer } from '../support/http-answer.js';
import { type ListeningProvider, startProvider } from '../support/providers.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { changeApp, contentsButTrail, count, eventsOf } from '../support/tables.js';
import { secondsAgo, TestUser } from '../support/test-user.js';

const INSUFFICIENT = [401, 'insufficient_user_authentication'];

describe('step-up in remote mode', () => {
  let provider: ListeningProvider;
  let app: TestApp;
  beforeAll(async () => {
    provider = await startProvider();
    await changeApp(provider.app, TEST.appId, 'step_up', 'either');
    // No token of these tests has it, but for those that say so.
    await changeApp(provider.app, TEST.appId, 'step_up_acr', ['gold']);
    app = await buildApp({ passage: provider.settings });
  });
  afterAll(async () => {
    await app?.close();
    await provider?.app.close();
  });
  afterEach(() => changeApp(provider.app, TEST.appId, 'last_passkey', 'warn'));

  const FRESH = () => ({ auth_time: secondsAgo(5), acr: 'gold' });

  /** Somebody with passkeys, whose token is of a later sign-in, which does not count for itself. */
  async function someone(passkeys = 1, claims: object = {}): Promise<RegisteredPasskey[]> {
    const user = new TestUser(app, FRESH());
    const browser = new Browser(provider.app);
    const registered: RegisteredPasskey[] = [];
    for (let i = 0; i < passkeys; i++) registered.push(await registerPasskey(user, { browser }));
    const later = user.on(app, { acr: undefined, auth_time: secondsAgo(-20), ...claims });
    return registered.map((each) => ({ ...each, user: later }));
  }

  /** Refused, and neither server has anything changed; the other one's trail has the reason, if there is one. */
  async function refused(reason: string | null, act: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const rows = async () => [
      await contentsButTrail(app),
      { ...(await contentsButTrail(provider.app)), api_keys: null },
    ];
    const before = await rows();
    let answer: HttpAnswer | undefined;
    const events = await eventsOf(provider.app, async () => (answer = await act()));
    expect(codeOf(answer!)).toEqual(INSUFFICIENT);
    expect(events.map((it) => it.reason)).toEqual(reason === null ? [] : [reason]);
    expect(await rows()).toEqual(before);
    return answer!;
  }

  it('is asked for as the other server’s app has it', async () => {
    const [passkey] = await someone();
    const { user, device } = passkey!;
    for (const act of [() => user.add(), () => user.revoke(device.id), () => user.erase()]) {
      const answer = await refused(null, act);
      expect(answer.headers['www-authenticate']).toBe(
        'Bearer error="insufficient_user_authentication", acr_values="gold", max_age="300"',
      );
      expect(answer.body).toMatchObject({ stepUp: { by: 'either', maxAge: 300, acrValues: ['gold'] } });
    }
  });

  it('is given by a fresh token, and is not needed for renaming and for the first passkey', async () => {
    const [passkey] = await someone();
    const { user, device } = passkey!;
    expect((await user.rename(device.id, 'Work')).status).toBe(200);
    const fresh = user.on(app, FRESH());
    expect((await fresh.add()).status).toBe(201);
    expect((await fresh.revoke(device.id)).status).toBe(204);
    expect((await user.add()).status).toBe(201);
  });

  it('is given by a nonce for the act, once, which the other server uses up', async () => {
    const [one, two] = await someone(2);
    const { user } = one!;
    const target = two!.device.id;
    const adding = await stepUpFor(one!, { act: 'add' });
    expect((await user.add(adding)).status).toBe(201);
    await refused('nonce_spent', () => user.add(adding));
    const revoking = await stepUpFor(one!, { act: 'revoke', target });
    await refused('nonce_of_other_act', () => user.add(revoking));
    await refused('nonce_of_other_passkey', () => user.revoke(one!.device.id, revoking));
    expect((await user.revoke(target, revoking)).status).toBe(204);
  });

  it('is not given by another user’s nonce, by a young passkey, nor by a made-up text', async () => {
    const [[ada], [eve]] = [await someone(), await someone(1, { auth_time: secondsAgo(60) })];
    const nonce = await stepUpFor(ada!, { act: 'add' });
    await refused('nonce_of_other_user', () => eve!.user.add(nonce));
    const young = await stepUpFor(eve!, { act: 'add' });
    await refused('passkey_too_young', () => eve!.user.add(young));
    for (const none of ['nonce', '', 'é', 'x'.repeat(3000)]) await refused(null, () => ada!.user.add(none));
  });

  it('refuses an act without its target, and a step-up of somebody without passkeys', async () => {
    const [passkey] = await someone();
    const url = '/user/authenticate-with-passkey';
    const begin = (user: TestUser, stepUp: object) => user.call('POST', url, { stepUp });
    expect(codeOf(await begin(passkey!.user, { act: 'revoke' }))).toEqual([400, 'invalid_request']);
    expect(codeOf(await begin(new TestUser(app), { act: 'add' }))).toEqual([409, 'user_has_no_passkeys']);
  });

  it('is decided again at the finish of a registration that was given without', async () => {
    const user = new TestUser(app);
    const browser = new Browser(provider.app);
    const begun = [await beginRegistration(user, browser), await beginRegistration(user, browser)];
    const finish = (i: number) => browser.finish('register', begun[i]!.answer(new SoftwareAuthenticator()));
    expect((await finish(0)).status).toBe(200);
    expect((await finish(1)).status).toBe(403);
  });

  it('leaves the last passkey where the other server’s app denies its revocation', async () => {
    const [passkey] = await someone();
    await changeApp(provider.app, TEST.appId, 'last_passkey', 'deny');
    const { user, device } = passkey!;
    const nonce = await stepUpFor(passkey!, { act: 'revoke', target: device.id });
    expect(codeOf(await user.revoke(device.id, nonce))).toEqual([409, 'last_passkey']);
    expect(await user.passkeys()).toHaveLength(1);
  });

  it('erases a person on both servers, and tells browsers that no passkey is left', async () => {
    const [passkey] = await someone();
    const { user } = passkey!;
    const { signals, externalId } = await user.list();
    const nonce = await stepUpFor(passkey!, { act: 'erase' });
    const erased = (await user.erase(nonce)).expect<{ signals: unknown }>();
    expect(erased.signals).toEqual(signals.map((it) => ({ ...it, allAcceptedCredentialIds: [] })));
    expect(signals).toHaveLength(1);
    expect(await count(provider.app, 'flex_users where external_id = $1', externalId)).toBe(0);
    expect(await count(app, 'users where subject = $1', user.subject)).toBe(0);
    expect(await count(app, 'audit_events where actor is not null')).toBe(0);
    expect((await user.erase()).expect()).toEqual({ signals: [] });
  });
});
