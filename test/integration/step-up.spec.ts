import { AppServer } from '../support/app-server.js';
import { Browser } from '../support/browser.js';
import { aReplicaOf, buildApp, TEST, type TestApp } from '../support/build-app.js';
import {
  beginRegistration,
  type RegisteredPasskey,
  registerPasskey,
  signIn,
  stepUp,
  stepUpFor,
  times,
} from '../support/flows.js';
import { codeOf, type HttpAnswer } from '../support/http-answer.js';
import { SILENTLY, SoftwareAuthenticator } from '../support/software-authenticator.js';
import {
  changeApp,
  contents,
  contentsButTrail,
  count,
  eventsOf,
  flexUserIdOf,
  sql,
} from '../support/tables.js';
import { Tenant } from '../support/tenant.js';
import { secondsAgo, type StepUpJson, TestUser } from '../support/test-user.js';

const INSUFFICIENT = [401, 'insufficient_user_authentication'];
const INVALID = [400, 'invalid_request'];
const INVALID_NONCE = [401, 'invalid_nonce'];

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

const POLICY = { step_up: 'off', step_up_max_age: 300, step_up_acr: [], step_up_amr: [] };
const asking = async (columns: Partial<Record<keyof typeof POLICY, unknown>>) => {
  for (const [column, value] of Object.entries({ ...POLICY, ...columns })) {
    await changeApp(app, TEST.appId, column, value);
  }
};
beforeEach(() => asking({ step_up: 'passkey' }));

/** Signed in after the passkeys of the test were made: the clocks of issuers may be a little ahead. */
const LATER = () => ({ auth_time: secondsAgo(-20) });

/** Somebody with passkeys, who signed in after they were made. */
async function someone(passkeys = 1, claims: Record<string, unknown> = {}): Promise<RegisteredPasskey[]> {
  await asking({ step_up: 'either' });
  const user = new TestUser(app, { auth_time: secondsAgo(5) });
  const registered: RegisteredPasskey[] = [];
  for (let i = 0; i < passkeys; i++) registered.push(await registerPasskey(user));
  await asking({ step_up: 'passkey' });
  return registered.map((each) => ({ ...each, user: user.on(app, { ...LATER(), ...claims }) }));
}

const ACTS: Record<string, { act: (of: RegisteredPasskey) => StepUpJson; run: Run; done: number }> = {
  add: { act: () => ({ act: 'add' }), run: ({ user }, nonce) => user.add(nonce), done: 201 },
  revoke: {
    act: ({ device }) => ({ act: 'revoke', target: device.id }),
    run: ({ user, device }, nonce) => user.revoke(device.id, nonce),
    done: 204,
  },
  'revoke in its older form': {
    act: ({ device }) => ({ act: 'revoke', target: device.id }),
    run: ({ user, device: { id } }, nonce) =>
      user.call(
        'POST',
        '/user/revokePasskey',
        { id },
        nonce === undefined ? {} : { 'x-keyway-nonce': nonce },
      ),
    done: 200,
  },
  erase: { act: () => ({ act: 'erase' }), run: ({ user }, nonce) => user.erase(nonce), done: 200 },
};
type Run = (of: RegisteredPasskey, nonce?: string) => Promise<HttpAnswer>;
const NAMES = Object.keys(ACTS);

/** The act is refused, and leaves one event of this reason, or none; nothing else is changed. */
async function refused(reason: string | null, act: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  const before = await contentsButTrail(app);
  let answer: HttpAnswer | undefined;
  const events = await eventsOf(app, async () => (answer = await act()));
  expect(codeOf(answer!)).toEqual(INSUFFICIENT);
  const told = events.map((it) => [it.type, it.reason]);
  expect(told).toEqual(reason === null ? [] : [['step_up.refused', reason]]);
  expect(await contentsButTrail(app)).toEqual(before);
  return answer!;
}

describe.each(NAMES)('step-up to %s', (name) => {
  const { act, run, done } = ACTS[name]!;

  it('is asked for by 401 without anything that proves it, and nothing is changed', async () => {
    const [passkey] = await someone();
    const answer = await refused(null, () => run(passkey!));
    expect(answer.headers['www-authenticate']).toBe('Bearer error="insufficient_user_authentication"');
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status: 401, stepUp: { by: 'passkey' } });
  });

  it('is given by a nonce that was asked for this act, once', async () => {
    const [passkey] = await someone(2);
    const nonce = await stepUpFor(passkey!, act(passkey!));
    expect((await run(passkey!, nonce)).status).toBe(done);
    const again = await run(passkey!, nonce);
    // Somebody who is gone is erased already.
    if (name === 'erase') expect(again.body).toEqual({ signals: [] });
    else expect([401, 404]).toContain(again.status);
  });

  it('is not given by a nonce for another act', async () => {
    const [passkey] = await someone();
    for (const other of NAMES.filter((it) => ACTS[it]!.act(passkey!).act !== act(passkey!).act)) {
      const nonce = await stepUpFor(passkey!, ACTS[other]!.act(passkey!));
      await refused('nonce_of_other_act', () => run(passkey!, nonce));
      // It is still good for its own act.
      if (other !== 'erase') expect((await ACTS[other]!.run(passkey!, nonce)).status).toBe(ACTS[other]!.done);
      if (other.startsWith('revoke')) break;
    }
  });

  it.each([
    ['a sign-in on a transaction', stepUp, 'nonce_of_other_act'],
    ['a discoverable sign-in', signIn, 'nonce_of_other_act'],
    ['a registration', ofRegistration, 'nonce_of_registration'],
    ['an automatic upgrade', ofUpgrade, 'nonce_of_registration'],
  ])('is not given by the nonce of %s', async (_, make, reason) => {
    const [passkey] = await someone();
    const nonce = await make(passkey!);
    await refused(reason, () => run(passkey!, nonce));
  });

  it('is not given by another user’s nonce, who can still use it', async () => {
    const [[ada], [eve]] = [await someone(), await someone()];
    const nonce = await stepUpFor(ada!, act(ada!));
    await refused('nonce_of_other_user', () => run(eve!, nonce));
    expect((await run(ada!, nonce)).status).toBe(done);
  });

  it('is not given by a nonce of another app, nor by a made-up one', async () => {
    const [passkey] = await someone();
    const tenant = await Tenant.create(app);
    const { authenticator } = await tenant.register('ada');
    const begun = await tenant.browser().beginSignIn(await tenant.authenticateTransaction('ada'));
    const finished = await tenant.browser().finish('authenticate', begun.answer(authenticator));
    const { nonce } = finished.expect<{ nonce: string }>();
    for (const none of [nonce, 'nonce', '', 'x'.repeat(3000)]) await refused(null, () => run(passkey!, none));
  });

  it('is not given by a nonce that has expired', async () => {
    const [passkey] = await someone();
    const nonce = await stepUpFor(passkey!, act(passkey!));
    await sql(app, `update nonces set expires_at = now() where act is not null`);
    await refused('nonce_expired', () => run(passkey!, nonce));
  });

  it('is not given by a passkey that is younger than the sign-in of the token', async () => {
    for (const claims of [{ auth_time: secondsAgo(60) }, { auth_time: undefined, iat: secondsAgo(60) }]) {
      const [passkey] = await someone(1, claims);
      const nonce = await stepUpFor(passkey!, act(passkey!));
      const answer = await refused('passkey_too_young', () => run(passkey!, nonce));
      expect((answer.body as { detail: string }).detail).toContain('sign in anew');
    }
  });

  it.each([
    ['tells neither auth_time nor iat', { auth_time: undefined }],
    ['has an auth_time far ahead', { auth_time: secondsAgo(-3600) }],
    ['has an auth_time before 1970', { auth_time: -1e300 }],
  ])('is not given by any passkey where the token %s', async (_, claims) => {
    const [passkey] = await someone(1, claims);
    const nonce = await stepUpFor(passkey!, act(passkey!));
    await refused('passkey_too_young', () => run(passkey!, nonce));
  });

  it('is not given by a sign-in without user verification, nor by one that changed the backup flag', async () => {
    const [passkey] = await someone();
    for (const [column, value, reason] of [
      ['user_verified', 'false', 'user_not_verified'],
      ['user_verified', 'null', 'user_not_verified'],
      ['automatic', 'true', 'passkey_automatic'],
      ['backup_changed', 'true', 'backup_eligibility_changed'],
    ]) {
      const nonce = await stepUpFor(passkey!, act(passkey!));
      await sql(app, `update nonces set ${column} = ${value} where act is not null and consumed_at is null`);
      await refused(reason!, () => run(passkey!, nonce));
      await sql(app, `update nonces set consumed_at = now() where consumed_at is null`);
    }
  });

  it('is void while the user is inactive, who could not give it', async () => {
    const [passkey] = await someone();
    const nonce = await stepUpFor(passkey!, act(passkey!));
    const userId = await flexUserIdOf(app, passkey!.user.subject);
    await sql(app, `update flex_users set status = 'inactive' where id = $1`, userId);
    if (name === 'add') expect(codeOf(await run(passkey!, nonce))).toEqual([403, 'user_not_active']);
    else await refused('user_not_active', () => run(passkey!, nonce));
  });

  it('is void once the passkey that proved it was revoked', async () => {
    const [passkey, other] = await someone(2);
    const nonce = await stepUpFor(other!, act(passkey!));
    const also = await stepUpFor(passkey!, { act: 'revoke', target: other!.device.id });
    expect((await other!.user.revoke(other!.device.id, also)).status).toBe(204);
    await refused(null, () => run(passkey!, nonce));
  });

  it('gives one act when fifty requests race with one nonce on two replicas', async () => {
    const [passkey] = await someone(2);
    const nonce = await stepUpFor(passkey!, act(passkey!));
    const userId = await flexUserIdOf(app, passkey!.user.subject);
    const elsewhere = { ...passkey!, user: passkey!.user.on(replica) };
    const answers = await Promise.all(times(50, (i) => run(i % 2 ? passkey! : elsewhere, nonce)));
    const didIt = (answer: HttpAnswer) => answer.status === done && answer.text !== '{"signals":[]}';
    expect(answers.filter(didIt)).toHaveLength(1);
    // Somebody who is gone is erased already; a busy database refuses some of those who queue for the user.
    const usual = name === 'erase' ? [200, 503] : [401, 404, 503];
    for (const each of answers.filter((it) => !didIt(it))) expect(usual).toContain(each.status);
    const acts = `audit_events where user_id = $1 and type in ('passkey.revoked', 'user.deleted')`;
    if (name === 'add') {
      const open = `transactions where user_id = $1 and kind = 'register' and consumed_at is null`;
      expect(await count(app, open, userId)).toBe(1);
    } else expect(await count(app, acts, userId)).toBe(1);
  });
});

/** The nonce of a registration that nobody has verified yet. */
async function ofRegistration({ user, browser }: RegisteredPasskey): Promise<string> {
  await asking({ step_up: 'either' });
  const { answer } = await beginRegistration(user.on(app, { auth_time: secondsAgo(5) }), browser);
  const finished = await browser.finish('register', answer(new SoftwareAuthenticator()));
  await asking({ step_up: 'passkey' });
  return finished.expect<{ nonce: string }>().nonce;
}

/** The nonce of an automatic upgrade. */
async function ofUpgrade({ user, browser }: RegisteredPasskey): Promise<string> {
  await asking({ step_up: 'either' });
  const { transactionId } = (await user.on(app, { auth_time: secondsAgo(5) }).beginUpgrade()).expect<{
    transactionId: string;
  }>(201);
  const begun = await browser.beginRegistration(transactionId);
  const finished = await browser.finish('register', begun.answer(new SoftwareAuthenticator(), SILENTLY));
  await asking({ step_up: 'passkey' });
  return finished.expect<{ nonce: string }>().nonce;
}

describe('a step-up to revoke', () => {
  it('revokes no other passkey than its target, not even another of the same user', async () => {
    const [one, two] = await someone(2);
    const nonce = await stepUpFor(one!, { act: 'revoke', target: one!.device.id });
    await refused('nonce_of_other_passkey', () => two!.user.revoke(two!.device.id, nonce));
    expect((await one!.user.revoke(one!.device.id, nonce)).status).toBe(204);
  });

  it('does not reach another user’s passkey, and is not used up by the attempt', async () => {
    const [[ada], [eve]] = [await someone(), await someone(2)];
    const nonce = await stepUpFor(eve!, { act: 'revoke', target: ada!.device.id });
    expect(codeOf(await eve!.user.revoke(ada!.device.id, nonce))).toEqual([404, 'device_not_found']);
    expect(
      await count(
        app,
        `nonces where act is not null and target = $1 and consumed_at is null`,
        ada!.device.id,
      ),
    ).toBe(1);
  });
});

describe('a step-up transaction', () => {
  it.each([
    { act: 'revoke' },
    { act: 'add', target: 'x' },
    { act: 'erase', target: 'x' },
    { act: 'rename', target: 'x' },
    { act: 'revoke', target: '../x' },
    { act: 'revoke', target: 7 },
    { act: 'add', more: 1 },
    {},
    [],
    'add',
  ])('is refused for %j, and nothing is stored', async (stepUpOf) => {
    const [passkey] = await someone();
    const before = await contents(app);
    const url = '/user/authenticate-with-passkey';
    const answer = await passkey!.user.call('POST', url, { stepUp: stepUpOf });
    expect(codeOf(answer)).toEqual(INVALID);
    expect(await contents(app)).toEqual(before);
  });

  it('is refused to somebody without passkeys', async () => {
    const answer = await new TestUser(app).call('POST', '/user/authenticate-with-passkey', {
      stepUp: { act: 'add' },
    });
    expect(codeOf(answer)).toEqual([409, 'user_has_no_passkeys']);
  });

  it('asks for user verification, and refuses a sign-in without, where the app itself does not', async () => {
    const server = await AppServer.create(app, { user_verification: 'discouraged' });
    const { authenticator } = await server.tenant.register('ada');
    for (const [step_up, asked, status] of [
      [{ act: 'add' }, 'required', 401],
      [undefined, 'discouraged', 200],
    ] as const) {
      const body = { external_id: 'ada', ...(step_up && { step_up }) };
      const { transaction_id: id } = (await server.call('POST', '/transactions/authenticate', body)).expect<{
        transaction_id: string;
      }>(201);
      const browser = server.tenant.browser();
      const begun = await browser.beginSignIn(id);
      expect(begun.publicKey.userVerification).toBe(asked);
      const answer = begun.answer(authenticator, { flags: { uv: false } });
      expect((await browser.finish('authenticate', answer)).status).toBe(status);
    }
  });

  it('keeps in its nonce that the sign-in changed the backup flag, which then does not count', async () => {
    const [passkey] = await someone();
    const nonce = await stepUpFor(passkey!, { act: 'add' }, { flags: { be: false, bs: false } });
    await refused('backup_eligibility_changed', () => passkey!.user.add(nonce));
    const next = await stepUpFor(passkey!, { act: 'add' }, { flags: { be: false, bs: false } });
    expect((await passkey!.user.add(next)).status).toBe(201);
  });

  it('ends in a nonce that neither of the verifying routes accepts, nor uses up', async () => {
    const [passkey] = await someone();
    const nonce = await stepUpFor(passkey!, { act: 'add' });
    expect(codeOf(await passkey!.user.verify(nonce))).toEqual(INVALID_NONCE);
    await expect(Tenant.own(app).verify(nonce)).rejects.toMatchObject({ code: 'invalid_nonce' });
    expect((await passkey!.user.add(nonce)).status).toBe(201);
  });

  it('counts once an automatic passkey has signed in with user verification, as it does there', async () => {
    const user = new TestUser(app, { auth_time: secondsAgo(5) });
    const { transactionId } = (await user.beginUpgrade()).expect<{ transactionId: string }>(201);
    const browser = new Browser(app);
    const authenticator = new SoftwareAuthenticator();
    const begun = await browser.beginRegistration(transactionId);
    await browser.finish('register', begun.answer(authenticator, SILENTLY));
    await asking({ step_up: 'passkey' });
    const later = { user: user.on(app, LATER()), browser, authenticator };
    const nonce = await stepUpFor(later, { act: 'add' });
    expect((await later.user.add(nonce)).status).toBe(201);
  });
});

describe('adding the first passkey', () => {
  it('needs no step-up, and the second one does', async () => {
    const user = new TestUser(app, LATER());
    await registerPasskey(user);
    await refused(null, () => user.add());
  });

  it('is decided again at the finish: of two registrations that began without passkeys, one is stored', async () => {
    const user = new TestUser(app, LATER());
    const begun = [await beginRegistration(user), await beginRegistration(user)];
    const answers = await Promise.all(
      begun.map(({ browser, answer }) => browser.finish('register', answer(new SoftwareAuthenticator()))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    const late = answers.find(({ status }) => status === 403)!;
    expect(late.body).toMatchObject({
      code: 'operation_not_allowed',
      reason: 'insufficient_user_authentication',
    });
    expect(await user.passkeys()).toHaveLength(1);
  });

  it('is held to the stricter of the settings at the start and at the finish', async () => {
    for (const [start, finish] of [
      ['off', 'passkey'],
      ['passkey', 'off'],
    ]) {
      const server = await AppServer.create(app, { step_up: start });
      const begin = async () => {
        const browser = server.tenant.browser();
        const url = `/v1/apps/${server.tenant.id}/transactions/register`;
        const payload = { external_id: 'ada', passkey_display_name: 'Ada' };
        const headers = { 'x-keyway-step-up': 'missing' };
        const answer = await server.ask({ method: 'POST', url, payload, headers });
        const { transaction_id: id } = answer.expect<{ transaction_id: string }>(201);
        return { browser, ...(await browser.beginRegistration(id)) };
      };
      const begun = [await begin(), await begin()];
      await begun[0]!.browser.finish('register', begun[0]!.answer(new SoftwareAuthenticator()));
      await server.tenant.change('step_up', finish);
      const second = await begun[1]!.browser.finish(
        'register',
        begun[1]!.answer(new SoftwareAuthenticator()),
      );
      expect(second.status).toBe(403);
    }
  });

  it('is no matter of a registration that was permitted with step-up, nor of an app’s server', async () => {
    const [passkey] = await someone();
    const nonce = await stepUpFor(passkey!, { act: 'add' });
    const { transactionId } = (await passkey!.user.add(nonce)).expect<{ transactionId: string }>(201);
    const mine = await passkey!.browser.beginRegistration(transactionId);
    const finished = await passkey!.browser.finish('register', mine.answer(new SoftwareAuthenticator()));
    expect(finished.status).toBe(200);
    const { externalId } = await passkey!.user.list();
    await Tenant.own(app).register(externalId!);
    expect(await passkey!.user.passkeys()).toHaveLength(3);
  });

  it('is what an automatic upgrade beyond it needs step-up for, however fresh the token is', async () => {
    const [passkey] = await someone();
    await refused(null, () => passkey!.user.beginUpgrade());
    const nonce = await stepUpFor(passkey!, { act: 'add' });
    const begin = (more: Record<string, string>) =>
      passkey!.user.call('POST', '/passkey/register', { conditional: true }, more);
    expect((await begin({ 'x-keyway-nonce': nonce })).status).toBe(201);
  });
});

describe('a token', () => {
  const challenge = (answer: HttpAnswer) => answer.headers['www-authenticate'];
  const aged = async (claims: Record<string, unknown>) => (await someone(1, claims))[0]!;

  it.each(['fresh-token', 'either'])('of a fresh sign-in is enough where the app has %s', async (by) => {
    const passkey = await aged({ auth_time: secondsAgo(100) });
    await asking({ step_up: by, step_up_max_age: 120 });
    expect((await passkey.user.add()).status).toBe(201);
    expect((await passkey.user.revoke(passkey.device.id)).status).toBe(204);
  });

  it.each([
    ['too old', { auth_time: secondsAgo(130) }],
    ['of the future', { auth_time: secondsAgo(-3600) }],
    ['not told, however fresh the token', { auth_time: undefined, iat: secondsAgo(1) }],
    ['no number', { auth_time: String(secondsAgo(1)) }],
  ])('is refused where its sign-in is %s, with how recent it has to be', async (_, claims) => {
    const passkey = await aged(claims);
    for (const by of ['fresh-token', 'either']) {
      await asking({ step_up: by, step_up_max_age: 120 });
      const answer = await refused(null, () => passkey.user.revoke(passkey.device.id));
      expect(challenge(answer)).toBe('Bearer error="insufficient_user_authentication", max_age="120"');
      expect(answer.body).toMatchObject({ stepUp: { by, maxAge: 120 } });
    }
  });

  it('of a fresh sign-in is not enough where the app has passkey', async () => {
    const passkey = await aged({ auth_time: secondsAgo(1) });
    await refused(null, () => passkey.user.revoke(passkey.device.id));
  });

  it('takes the place of a nonce where the app has fresh-token, which no nonce does', async () => {
    const passkey = await aged({ auth_time: secondsAgo(-20) });
    const nonce = await stepUpFor(passkey, { act: 'add' });
    await asking({ step_up: 'fresh-token', step_up_acr: ['gold'] });
    await refused(null, () => passkey.user.add(nonce));
    await asking({ step_up: 'either', step_up_acr: ['gold'] });
    expect((await passkey.user.add(nonce)).status).toBe(201);
  });

  it.each([
    [{ acr: 'gold' }, true],
    [{ acr: 'silver', amr: ['pwd', 'otp'] }, true],
    [{ amr: ['otp'] }, true],
    [{ acr: 'silver' }, false],
    [{ acr: ['gold'] }, false],
    [{ amr: 'otp' }, false],
    [{ amr: ['pwd', 7] }, false],
    [{ acr: 'otp', amr: ['gold'] }, false],
    [{}, false],
  ])('with %j counts where acr gold or amr otp is asked for: %p', async (claims, counts) => {
    const passkey = await aged({ auth_time: secondsAgo(1), ...claims });
    await asking({ step_up: 'fresh-token', step_up_acr: ['gold', 'urn:x'], step_up_amr: ['otp'] });
    const answer = await passkey.user.add();
    expect(answer.status).toBe(counts ? 201 : 401);
    if (counts) return;
    expect(challenge(answer)).toBe(
      'Bearer error="insufficient_user_authentication", acr_values="gold urn:x", max_age="300"',
    );
    expect(answer.body).toMatchObject({
      stepUp: { by: 'fresh-token', maxAge: 300, acrValues: ['gold', 'urn:x'] },
    });
  });
});

describe('without step-up', () => {
  it('everybody renames and lists, whatever the app asks for', async () => {
    const [passkey] = await someone();
    expect((await passkey!.user.rename(passkey!.device.id, 'Work')).status).toBe(200);
    expect(await passkey!.user.passkeys()).toMatchObject([{ friendlyName: 'Work' }]);
  });

  it('an app’s server revokes and erases, and so it is where the app has off', async () => {
    const [passkey, other] = await someone(2);
    const { externalId } = await passkey!.user.list();
    await Tenant.own(app).revoke(externalId!, other!.device.id);
    await asking({});
    expect((await passkey!.user.add()).status).toBe(201);
    expect((await passkey!.user.revoke(passkey!.device.id)).status).toBe(204);
  });
});

describe('erasing oneself', () => {
  it('deletes the person, tells browsers that no passkey is left, and hides who it was in the trail', async () => {
    const [passkey, other] = await someone(2);
    const { user } = passkey!;
    const { signals, externalId } = await user.list();
    const userId = await flexUserIdOf(app, user.subject);
    const nonce = await stepUpFor(passkey!, { act: 'erase' });
    const answer = (await user.erase(nonce)).expect<{ signals: unknown }>();
    expect(answer).toEqual({ signals: signals.map((it) => ({ ...it, allAcceptedCredentialIds: [] })) });
    expect(signals).toHaveLength(1);
    expect(await user.list()).toMatchObject({ externalId: null, passkeys: [], signals: [] });
    expect(await count(app, 'users where subject = $1', user.subject)).toBe(0);
    expect(await count(app, 'flex_users where external_id = $1', externalId)).toBe(0);
    expect(await count(app, 'devices where user_id = $1', userId)).toBe(0);
    expect(await count(app, `tie_marks`)).toBeGreaterThan(0);
    const named = 'audit_events where user_id = $1 and (actor is not null or address is not null)';
    expect(await count(app, named, userId)).toBe(0);
    expect(await count(app, `audit_events where user_id = $1 and type = 'user.deleted'`, userId)).toBe(1);
    expect(await count(app, 'audit_events where actor = $1', `user:${user.subject}`)).toBe(0);
    const begun = await other!.browser.beginSignIn();
    expect((await other!.browser.finish('authenticate', begun.answer(other!.authenticator))).status).toBe(
      401,
    );
  });

  it('needs no step-up of somebody without passkeys, and is nothing to somebody unknown', async () => {
    const user = new TestUser(app);
    const before = await contents(app);
    expect((await user.erase()).expect()).toEqual({ signals: [] });
    expect(await contents(app)).toEqual(before);
    await user.registerTransaction();
    expect((await user.erase()).expect()).toEqual({ signals: [] });
    expect(await count(app, 'users where subject = $1', user.subject)).toBe(0);
  });

  it('gives a fresh start: a passkey that is added afterwards is somebody new’s', async () => {
    const [passkey] = await someone();
    const { externalId } = await passkey!.user.list();
    await passkey!.user.erase(await stepUpFor(passkey!, { act: 'erase' }));
    const again = await registerPasskey(passkey!.user.on(app, { iat: secondsAgo(-2) }));
    expect((await again.user.list()).externalId).not.toBe(externalId);
  });

  it('takes no body: one with anything in it is refused', async () => {
    const user = new TestUser(app);
    await user.registerTransaction();
    for (const body of [{ all: true }, [1], { nonce: 'x' }]) {
      expect(codeOf(await user.call('DELETE', '/user', body))).toEqual(INVALID);
    }
    expect(await count(app, 'users where subject = $1', user.subject)).toBe(1);
  });

  it('erases nobody else', async () => {
    const [[ada], [eve]] = [await someone(), await someone()];
    await eve!.user.erase(await stepUpFor(eve!, { act: 'erase' }));
    expect(await ada!.user.passkeys()).toHaveLength(1);
  });

  it('may be asked for from a page of the app', async () => {
    const [passkey] = await someone();
    const answer = await passkey!.user.call('DELETE', '/user', undefined, { origin: TEST.origin });
    expect(answer.status).toBe(401);
    expect(answer.headers['access-control-allow-origin']).toBe(TEST.origin);
  });
});
