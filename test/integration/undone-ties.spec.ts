import { AppError } from '../../src/errors/app-error.js';
import { Passage } from '../../src/passage/passage.js';
import { AppServer } from '../support/app-server.js';
import { buildApp, buildAppOn, TEST, type TestApp } from '../support/build-app.js';
import { type RegisteredPasskey, registerPasskey, signIn } from '../support/flows.js';
import { untilWaiting, whileHolding } from '../support/held-lock.js';
import { count } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

describe('a nonce of a user whose tie is undone while it is verified', () => {
  let app: TestApp;
  let replica: TestApp;
  let server: AppServer;
  let passage: Passage;
  beforeAll(async () => {
    app = await buildApp();
    const { database, passage: settings } = app.configuration;
    replica = await buildAppOn(database, { passage: settings });
    server = await AppServer.own(app);
    passage = app.application.get<Passage>(Passage, { strict: false });
  });
  afterAll(async () => {
    await replica?.close();
    await app?.close();
  });

  const identityOf = ({ subject }: TestUser) => ({ issuer: TEST.issuer, subject });
  /** What the verification for the identity ends with: the external ID, or the code of the refusal. */
  const verification = (nonce: string, user: TestUser): Promise<string> =>
    passage.verifyNonce(nonce, identityOf(user)).then(
      ({ externalId }) => externalId,
      (error: unknown) => (error instanceof AppError ? error.code : String(error)),
    );
  const unlink = (externalId: string) => server.call('DELETE', `/external-users/${externalId}/identity`);
  const unused = () => count(app, 'nonces where consumed_at is null');
  const aPasskey = async (): Promise<RegisteredPasskey & { readonly externalId: string }> => {
    const passkey = await registerPasskey(new TestUser(app));
    return { ...passkey, externalId: (await passkey.user.list()).externalId! };
  };

  it('is accepted for the identity that its user is tied to, and refused and used up for any other', async () => {
    const [owner, other] = [await aPasskey(), await aPasskey()];
    expect(await verification(await signIn(owner), owner.user)).toBe(owner.externalId);
    const foreign = { ...identityOf(owner.user), issuer: 'https://other.example' };
    for (const identity of [identityOf(other.user), identityOf(new TestUser(app)), foreign]) {
      const nonce = await signIn(owner);
      await expect(passage.verifyNonce(nonce, identity)).rejects.toMatchObject({ code: 'invalid_nonce' });
      expect(await unused()).toBe(0);
      expect(await verification(nonce, owner.user)).toBe('invalid_nonce');
    }
  });

  it('waits until that is certain, and is then refused and used up, though nothing else has voided it', async () => {
    const passkey = await aPasskey();
    const { user } = passkey;
    const nonces = [await signIn(passkey), await signIn(passkey)];
    const undone = await whileHolding(
      app,
      ['delete from users where subject = $1', user.subject],
      async () => {
        const [verified, route] = [verification(nonces[0]!, user), user.verify(nonces[1]!)];
        await untilWaiting(app, 'nonces.consume', 2);
        return { verified, route };
      },
    );
    expect(await undone.verified).toBe('invalid_nonce');
    expect((await undone.route).as()).toMatchObject({ status: 401, code: 'invalid_nonce' });
    expect(await unused()).toBe(0);
  });

  it('keeps the tie until it is verified, and neither the verification nor the unlinking fails', async () => {
    const passkey = await aPasskey();
    const nonce = await signIn(passkey);
    const { user, externalId } = passkey;
    const both = await whileHolding(app, ['select 1 from nonces for update'], async () => {
      const verified = verification(nonce, user);
      await untilWaiting(app, 'nonces.consume');
      const unlinked = unlink(externalId);
      await untilWaiting(app, 'users.untie');
      return { verified, unlinked };
    });
    expect(await both.verified).toBe(externalId);
    expect((await both.unlinked).status).toBe(200);
  });

  it('passes before the unlinking or never, in many races on two replicas', async () => {
    let passed = 0;
    for (let round = 0; round < 30; round++) {
      const passkey = await aPasskey();
      const nonces: string[] = [];
      for (let i = 0; i < 6; i++) nonces.push(await signIn(passkey));
      const [unlinked, ...answers] = await Promise.all([
        unlink(passkey.externalId),
        ...nonces.map((nonce, i) => passkey.user.on(i % 2 ? app : replica).verify(nonce)),
      ]);
      expect(unlinked.status).toBe(200);
      for (const { status } of answers) expect([200, 401]).toContain(status);
      passed += answers.filter(({ status }) => status === 200).length;
      expect(await unused()).toBe(0);
    }
    expect(passed).toBeGreaterThan(0);
  }, 60_000);
});
