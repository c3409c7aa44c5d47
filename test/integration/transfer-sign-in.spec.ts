import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TransactionsService } from '../../src/flex/transactions/transactions.service.js';
import { Browser } from '../support/browser.js';
import { buildApp, buildAppOn, TEST, type TestApp } from '../support/build-app.js';
import type { GetOverrides } from '../support/ceremony-overrides.js';
import type { HttpAnswer } from '../support/http-answer.js';
import type { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { auditTrail, changeApp, contentsButTrail, sql } from '../support/tables.js';
import { Tenant } from '../support/tenant.js';
import { aForeignPasskey, exportRows, exportText, importFile, importRows } from '../support/transfer.js';

let app: TestApp;
beforeAll(async () => {
  app = await buildApp();
});
afterAll(() => app?.close());

const aName = () => `user-${randomUUID()}`;
const transactions = (on: TestApp) => on.application.get(TransactionsService, { strict: false });

/** A sign-in on a transaction that names the user. */
async function signInAs(
  externalId: string,
  authenticator: SoftwareAuthenticator,
  overrides: Partial<GetOverrides> = {},
  on = app,
): Promise<HttpAnswer> {
  const browser = new Browser(on);
  const begun = await browser.beginSignIn(await transactions(on).createAuthenticate(TEST.appId, externalId));
  return browser.finish('authenticate', begun.answer(authenticator, overrides));
}

/** A sign-in that names nobody. */
async function signIn(
  authenticator: SoftwareAuthenticator,
  overrides: Partial<GetOverrides> = {},
  on = app,
): Promise<HttpAnswer> {
  const browser = new Browser(on);
  const begun = await browser.beginSignIn();
  return browser.finish('authenticate', begun.answer(authenticator, overrides));
}

async function register(externalId: string, authenticator: SoftwareAuthenticator): Promise<string> {
  const browser = new Browser(app);
  const leave = await transactions(app).createRegister(TEST.appId, externalId, externalId);
  const begun = await browser.beginRegistration(leave);
  expect((await browser.finish('register', begun.answer(authenticator))).status).toBe(200);
  return begun.publicKey.user.id;
}

const lastReason = async () => (await auditTrail(app)).at(-1)!.reason;
const rowOf = async (credentialId: Buffer) =>
  (await exportRows(app)).find((row) => row.credential_id === credentialId.toString('base64url'))!;
const userHandleOf = async (externalId: string) =>
  (await exportRows(app)).find((row) => row.type === 'user' && row.external_id === externalId)!.user_handle;
const unknown = { user_handle: undefined };

describe('an imported passkey', () => {
  it.each([-7, -8, -257] as const)(
    'of algorithm %i signs in, with and without a transaction',
    async (algorithm) => {
      const name = aName();
      const traits = { counter: 'increasing' as const };
      const passkey = aForeignPasskey(name, { algorithm, traits, members: { sign_count: 5 } });
      passkey.credential.counter = 5;
      await importRows(app, [passkey.row]);
      expect((await signInAs(name, passkey.authenticator)).status).toBe(200);
      expect((await signIn(passkey.authenticator)).status).toBe(200);
      expect((await signIn(passkey.authenticator, { userHandle: 'text' })).status).toBe(200);
      expect((await signIn(passkey.authenticator, { userHandle: 'none' })).status).toBe(401);
      expect((await signIn(passkey.authenticator, { counter: 5 })).status).toBe(401);
      expect(await rowOf(passkey.credential.id)).toMatchObject({ sign_count: 8, usage_count: 3 });
    },
  );

  it('of an inactive user cannot sign in', async () => {
    const name = aName();
    const passkey = aForeignPasskey(name);
    await importRows(app, [{ type: 'user', external_id: name, status: 'inactive' }, passkey.row]);
    expect((await signIn(passkey.authenticator)).status).toBe(403);
  });

  it('stays automatic if it was, until a sign-in verifies the user, and no import marks it again', async () => {
    const automatic = aForeignPasskey(aName(), { members: { automatic: true } });
    await importRows(app, [automatic.row]);
    expect(await rowOf(automatic.credential.id)).toMatchObject({ automatic: true });
    expect((await signIn(automatic.authenticator)).status).toBe(200);
    expect(await rowOf(automatic.credential.id)).toMatchObject({ automatic: false });
    expect(await importRows(app, [automatic.row])).toMatchObject({ unchanged: 1 });
    expect(await rowOf(automatic.credential.id)).toMatchObject({ automatic: false });
  });

  it('stores its backup flags at the first sign-in, and refuses another eligibility later if the app does', async () => {
    const name = aName();
    const passkey = aForeignPasskey(name);
    await changeApp(app, TEST.appId, 'backup_eligibility_change', 'refuse');
    await importRows(app, [passkey.row]);
    expect(await rowOf(passkey.credential.id)).toMatchObject({ backup_eligible: null, backed_up: null });
    passkey.credential.backedUp = false;
    expect((await signIn(passkey.authenticator)).status).toBe(200);
    expect(await rowOf(passkey.credential.id)).toMatchObject({ backup_eligible: true, backed_up: false });
    const known = await contentsButTrail(app);
    passkey.credential.backupEligible = false;
    expect((await signIn(passkey.authenticator)).status).toBe(401);
    expect(await lastReason()).toBe('backup_eligibility_changed');
    expect(await contentsButTrail(app)).toEqual(known);
    const row = { ...passkey.row, backup_eligible: false };
    expect(await importRows(app, [row])).toMatchObject({ unchanged: 1 });
    expect(await contentsButTrail(app)).toEqual(known);
    await changeApp(app, TEST.appId, 'backup_eligibility_change', 'record');
  });
});

describe('a user handle that was not imported', () => {
  it.each(['bytes', 'text'] as const)(
    'is stored, as %s, only from a sign-in on a transaction',
    async (form) => {
      const name = aName();
      const passkey = aForeignPasskey(name, { traits: { userHandle: form }, members: unknown });
      await importRows(app, [passkey.row]);
      const before = await exportText(app);
      expect((await signIn(passkey.authenticator)).body).toMatchObject({ code: 'discoverable_login_failed' });
      expect(await lastReason()).toBe('user_handle_unknown');
      expect((await signInAs(name, passkey.authenticator, { mutateSignature: backwards })).status).toBe(401);
      expect(await exportText(app)).toBe(before);

      expect((await signInAs(name, passkey.authenticator)).status).toBe(200);
      expect((await signIn(passkey.authenticator)).status).toBe(200);
      const text = Buffer.from(passkey.credential.userId);
      const learnt = form === 'bytes' ? passkey.credential.userId : text.toString('base64url');
      expect((await rowOf(passkey.credential.id)).user_handle).toBe(learnt);
      // The user had none of their own: what is registered from now on is the same account to authenticators.
      expect(await userHandleOf(name)).toBe(learnt);
      expect(await register(name, aForeignPasskey(name).authenticator)).toBe(learnt);
    },
  );

  it('is not stored if the sign-in presents none, and the sign-in still counts', async () => {
    const name = aName();
    const passkey = aForeignPasskey(name, { traits: { userHandle: 'none' }, members: unknown });
    await importRows(app, [passkey.row]);
    expect((await signInAs(name, passkey.authenticator)).status).toBe(200);
    expect(await rowOf(passkey.credential.id)).toMatchObject({ user_handle: null, usage_count: 1 });
    expect((await signInAs(name, passkey.authenticator, { userHandle: 'bytes' })).status).toBe(200);
    expect(await rowOf(passkey.credential.id)).toMatchObject({ user_handle: passkey.credential.userId });
  });

  it('must match at every sign-in once it is stored', async () => {
    const name = aName();
    const passkey = aForeignPasskey(name, { members: unknown });
    await importRows(app, [passkey.row]);
    expect((await signInAs(name, passkey.authenticator)).status).toBe(200);
    const changed = { ...passkey.credential, userId: randomBytes(16).toString('base64url') };
    expect((await signInAs(name, passkey.authenticator, { credential: changed })).status).toBe(401);
    expect(await lastReason()).toBe('user_handle_mismatch');
  });

  it.each([
    ['the same handle', (theirs: string) => theirs],
    ['its text form', (theirs: string) => Buffer.from(theirs).toString('base64url')],
    ['the handle with that text form', (_: string, root: string) => root],
  ])('is not stored if it belongs to an imported user: %s', async (_, collide) => {
    const [victim, name] = [aName(), aName()];
    const root = randomBytes(12).toString('base64url');
    const theirs = Buffer.from(root);
    await importRows(app, [aForeignPasskey(victim, { userHandle: theirs }).row]);
    await expectUnlearnt(name, collide(theirs.toString('base64url'), root));
  });

  it.each([
    ['the same handle', (theirs: string) => theirs],
    ['its text form', (theirs: string) => Buffer.from(theirs).toString('base64url')],
    ['what it is the text of', (theirs: string) => Buffer.from(theirs, 'base64url').toString('ascii')],
  ])('is not stored if it belongs to a registered user: %s', async (_, collide) => {
    const [victim, name] = [aName(), aName()];
    const theirs = await register(victim, aForeignPasskey(victim).authenticator);
    await expectUnlearnt(name, collide(theirs));
  });

  /** The sign-in counts, as its signature and its transaction hold, but the handle stays unknown, and whose it was. */
  async function expectUnlearnt(name: string, userId: string): Promise<void> {
    const passkey = aForeignPasskey(name, { members: unknown });
    await importRows(app, [passkey.row]);
    const credential = { ...passkey.credential, userId };
    const owners = () => sql(app, 'select * from user_handles order by form');
    const before = await owners();
    const handle = await userHandleOf(name);
    expect((await signInAs(name, passkey.authenticator, { credential })).status).toBe(200);
    expect(await lastReason()).toBe('user_handle_taken');
    expect(await owners()).toEqual(before);
    expect(await userHandleOf(name)).toBe(handle);
    expect(await rowOf(passkey.credential.id)).toMatchObject({ user_handle: null, usage_count: 1 });
    expect((await signIn(passkey.authenticator)).status).toBe(401);
    // An honest one is learnt all the same.
    expect((await signInAs(name, passkey.authenticator)).status).toBe(200);
    expect(await rowOf(passkey.credential.id)).toMatchObject({ user_handle: passkey.credential.userId });
  }

  it('is stored for the first of two users who present it, and the other one can still sign in', async () => {
    const [slow, quick] = [aName(), aName()];
    const mine = aForeignPasskey(slow, { members: unknown });
    const theirs = aForeignPasskey(quick, { members: unknown });
    await importRows(app, [mine.row, theirs.row]);
    const credential = { ...theirs.credential, userId: mine.credential.userId };
    expect((await signInAs(quick, theirs.authenticator, { credential })).status).toBe(200);
    for (let i = 0; i < 2; i++) expect((await signInAs(slow, mine.authenticator)).status).toBe(200);
    expect(await rowOf(mine.credential.id)).toMatchObject({ user_handle: null, usage_count: 2 });
  });

  it('is stored for one of two users who present it at the same time', async () => {
    const userHandle = randomBytes(16);
    const passkeys = [aName(), aName()].map((name) => ({
      name,
      ...aForeignPasskey(name, { userHandle, members: unknown }),
    }));
    await importRows(
      app,
      passkeys.map(({ row }) => row),
    );
    const answers = await Promise.all(
      passkeys.map(({ name, authenticator }) => signInAs(name, authenticator)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const known = await Promise.all(passkeys.map(({ credential }) => rowOf(credential.id)));
    expect(known.filter((it) => it.user_handle !== null)).toHaveLength(1);
    const forms = await sql<{ userId: string }>(
      app,
      'select user_id as "userId" from user_handles where form = $1',
      userHandle,
    );
    expect(forms).toHaveLength(1);
  });

  it('is stored for the passkey alone if the user has begun to register other passkeys', async () => {
    const name = aName();
    const passkey = aForeignPasskey(name, { members: unknown });
    await importRows(app, [passkey.row]);
    const leave = await transactions(app).createRegister(TEST.appId, name, name);
    const registration = await new Browser(app).beginRegistration(leave);
    const own = registration.publicKey.user.id;
    expect((await signInAs(name, passkey.authenticator)).status).toBe(200);
    expect(await userHandleOf(name)).toBe(own);
    const { authenticator } = aForeignPasskey(name);
    expect((await new Browser(app).finish('register', registration.answer(authenticator))).status).toBe(200);
    expect((await signIn(authenticator)).status).toBe(200);
    expect((await signIn(passkey.authenticator)).status).toBe(200);
    expect(await rowOf(passkey.credential.id)).toMatchObject({ user_handle: passkey.credential.userId });
    expect((await rowOf(authenticator.credentials.at(-1)!.id)).user_handle).toBe(own);
  });

  it('of more than 48 bytes is stored for the passkey alone, because phones refuse longer ones', async () => {
    const name = aName();
    const passkey = aForeignPasskey(name, { userHandle: randomBytes(64), members: unknown });
    await importRows(app, [passkey.row]);
    expect((await signInAs(name, passkey.authenticator)).status).toBe(200);
    expect((await signIn(passkey.authenticator)).status).toBe(200);
    expect(await userHandleOf(name)).toBeNull();
    expect(Buffer.from(await register(name, aForeignPasskey(name).authenticator), 'base64url')).toHaveLength(
      43,
    );
  });

  it('is learnt in its own app alone, and does not clash with the same handle in another app', async () => {
    const [one, other] = [await Tenant.create(app), await Tenant.create(app)];
    const root = randomBytes(16);
    const userHandle = Buffer.from(root.toString('base64url'));
    const user = { type: 'user', external_id: 'ada', id: randomUUID() };
    const ada = aForeignPasskey('ada', { userHandle, members: { ...unknown, id: randomUUID() } });
    for (const { id: appId } of [one, other])
      expect(await importRows(app, [user, ada.row], { appId })).toMatchObject({ created: 2 });
    // It is what the handle of Ada's passkey is the text of.
    const carol = aForeignPasskey('carol', { userHandle: root });
    expect(await importRows(app, [carol.row], { appId: other.id })).toMatchObject({ created: 1 });
    const signInTo = async (tenant: Tenant) => {
      const browser = tenant.browser();
      const begun = await browser.beginSignIn(await tenant.authenticateTransaction('ada'));
      const credential = { ...ada.credential, rpId: tenant.rpId };
      const finished = await browser.finish('authenticate', begun.answer(ada.authenticator, { credential }));
      expect(finished.status).toBe(200);
    };
    const handlesOf = async (tenant: Tenant) =>
      (await exportRows(app, tenant.id))
        .filter(({ external_id }) => external_id === 'ada')
        .map(({ user_handle }) => user_handle);
    const owners = (tenant: Tenant) =>
      sql(app, 'select * from user_handles where app_id = $1 order by form', tenant.id);
    const theirs = await owners(other);
    await signInTo(one);
    const learnt = Array(2).fill(ada.credential.userId);
    expect([await handlesOf(one), await handlesOf(other)]).toEqual([learnt, [null, null]]);
    const ours = await owners(one);
    expect(ours).toHaveLength(3);
    await signInTo(other);
    expect(await lastReason()).toBe('user_handle_taken');
    expect([await handlesOf(one), await handlesOf(other)]).toEqual([learnt, [null, null]]);
    expect([await owners(one), await owners(other)]).toEqual([ours, theirs]);
  });

  it('is kept for the passkey where a user of the same id in another app has it as their own', async () => {
    const [other, one] = [await Tenant.create(app), await Tenant.create(app)];
    const user = { type: 'user', external_id: 'ada', id: randomUUID() };
    const { row, credential, authenticator } = aForeignPasskey('ada', { members: unknown });
    for (const { id: appId } of [other, one]) await importRows(app, [user, row], { appId });
    const signInTo = async (tenant: Tenant) => {
      const browser = tenant.browser();
      const begun = await browser.beginSignIn(await tenant.authenticateTransaction('ada'));
      const body = begun.answer(authenticator, { credential: { ...credential, rpId: tenant.rpId } });
      expect((await browser.finish('authenticate', body)).status).toBe(200);
    };
    const handlesIn = async ({ id }: Tenant) => (await exportRows(app, id)).map((it) => it.user_handle);
    await signInTo(other);
    const begun = await one.browser().beginRegistration(await one.registerTransaction('ada'));
    await signInTo(one);
    expect(await handlesIn(other)).toEqual([credential.userId, credential.userId]);
    expect(await handlesIn(one)).toEqual([begun.publicKey.user.id, credential.userId]);
  });

  it('is stored for each passkey of a user, also in simultaneous sign-ins', async () => {
    const name = aName();
    const userHandle = randomBytes(16);
    const passkeys = [userHandle, userHandle, randomBytes(16)].map((handle) =>
      aForeignPasskey(name, { userHandle: handle, members: unknown }),
    );
    await importRows(
      app,
      passkeys.map(({ row }) => row),
    );
    const answers = await Promise.all(passkeys.map(({ authenticator }) => signInAs(name, authenticator)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    for (const { authenticator } of passkeys) expect((await signIn(authenticator)).status).toBe(200);
  });
});

describe('the embedded database', () => {
  it('stores a user handle once, as PostgreSQL does', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'keyway-transfer-'));
    const embedded = await buildAppOn({ kind: 'embedded', directory: join(parent, 'data') });
    try {
      const userHandle = randomBytes(16);
      const [ada, bob] = [aName(), aName()];
      const one = aForeignPasskey(ada, { userHandle, members: unknown });
      const two = aForeignPasskey(bob, { userHandle, members: unknown });
      expect(await importRows(embedded, [one.row, two.row])).toMatchObject({ created: 2, refused: 0 });
      expect((await signIn(one.authenticator, {}, embedded)).status).toBe(401);
      expect((await signInAs(ada, one.authenticator, {}, embedded)).status).toBe(200);
      expect((await signIn(one.authenticator, {}, embedded)).status).toBe(200);
      expect((await signInAs(bob, two.authenticator, {}, embedded)).status).toBe(200);
      expect((await signIn(two.authenticator, {}, embedded)).status).toBe(401);
      expect((await signInAs(bob, two.authenticator, { userHandle: 'none' }, embedded)).status).toBe(200);
    } finally {
      await embedded.close();
      await rm(parent, { recursive: true, force: true });
    }
  });
});

describe('an export and import into an empty app', () => {
  it('keeps users and their passkeys, with which the same authenticators sign in', async () => {
    const [ada, bob] = [aName(), aName()];
    const registered = aForeignPasskey(ada, { traits: { counter: 'increasing' } }).authenticator;
    const own = await register(ada, registered);
    expect((await signIn(registered)).status).toBe(200);
    const unlearnt = aForeignPasskey(bob, { members: unknown });
    await importRows(app, [unlearnt.row]);
    const text = await exportText(app);
    const elsewhere = await buildApp();
    try {
      expect(await importFile(elsewhere, text)).toMatchObject({ unchanged: 0, refused: 0 });
      expect(await exportText(elsewhere)).toBe(text);
      expect((await signIn(registered, { counter: 2 }, elsewhere)).status).toBe(401);
      expect((await signIn(registered, {}, elsewhere)).status).toBe(200);
      expect((await signInAs(ada, registered, {}, elsewhere)).status).toBe(200);
      const leave = await transactions(elsewhere).createRegister(TEST.appId, ada, ada);
      const begun = await new Browser(elsewhere).beginRegistration(leave);
      expect(begun.publicKey.user.id).toBe(own);
      const known = registered.credentials.at(-1)!.id.toString('base64url');
      expect(begun.publicKey.excludeCredentials!.map(({ id }) => id)).toContain(known);
      expect((await signIn(unlearnt.authenticator, {}, elsewhere)).status).toBe(401);
      expect((await signInAs(bob, unlearnt.authenticator, {}, elsewhere)).status).toBe(200);
      expect((await signIn(unlearnt.authenticator, {}, elsewhere)).status).toBe(200);
    } finally {
      await elsewhere.close();
    }
  });
});

const backwards = (signature: Uint8Array): Uint8Array => Uint8Array.from(signature).reverse();
