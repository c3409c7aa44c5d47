import { PassageError, PassageFlex, type User } from '../../packages/node/src/index.js';
import { AppServer } from '../support/app-server.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { type FakeServer, fakeServer } from '../support/fake-server.js';
import { registerPasskey, signIn } from '../support/flows.js';
import { contents, contentsButTrail } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

/** Status and code of the refusal. */
async function refusalOf(call: Promise<unknown>): Promise<[number, string]> {
  const error = await call.then(
    () => new Error('expected a refusal'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof PassageError)) throw error;
  return [error.statusCode, error.errorCode];
}

describe('the client for Node servers, with identities', () => {
  let app: TestApp;
  let server: AppServer;
  let origin: string;
  let passage: PassageFlex;
  const clientOf = ({ tenant, key }: AppServer) =>
    new PassageFlex({ appId: tenant.id, apiKey: key, baseUrl: `${origin}/v1` });
  beforeAll(async () => {
    app = await buildApp();
    await app.application.listen(0, '127.0.0.1');
    origin = await app.application.getUrl();
    server = await AppServer.own(app);
    passage = clientOf(server);
  });
  afterAll(() => app?.close());

  let members = 0;
  const aMember = async (): Promise<string> => {
    const externalId = `member ${++members}/ø@example.com`;
    await server.tenant.register(externalId);
    return externalId;
  };
  const identityOf = async (externalId: string) => {
    const { issuer, subject } = await passage.user.get(externalId);
    return { issuer, subject };
  };
  const UNTIED = { issuer: null, subject: null };

  it('links a user to the identity of tokens, who then sees the passkeys, and whose nonces name it', async () => {
    const externalId = await aMember();
    const user = new TestUser(app);
    const { subject } = user;
    expect(await identityOf(externalId)).toEqual(UNTIED);
    await expect(passage.user.linkIdentity({ externalId, subject })).resolves.toBeUndefined();
    const identity = { issuer: TEST.issuer, subject };
    expect(await identityOf(externalId)).toEqual(identity);
    expect(await user.list()).toMatchObject({ externalId, passkeys: [{}] });
    const proof = await passage.auth.verify(await signIn(await registerPasskey(user)));
    expect(proof).toMatchObject({ externalId, kind: 'authenticate', ...identity, userVerified: true });
  });

  it('links again what is linked, with the issuer or without, and changes nothing', async () => {
    const externalId = await aMember();
    await passage.user.linkIdentity({ externalId, subject: 'again', issuer: TEST.issuer });
    await passage.user.get(externalId);
    const before = await contents(app);
    await passage.user.linkIdentity({ externalId, subject: 'again' });
    await passage.user.linkIdentity({ externalId, subject: 'again', issuer: TEST.issuer });
    expect(await contents(app)).toEqual(before);
  });

  it('throws what the server refuses: another tie, another issuer, another app', async () => {
    const [ada, bob] = [await aMember(), await aMember()];
    await passage.user.linkIdentity({ externalId: ada, subject: 'ada' });
    const other = await AppServer.create(app);
    await other.list();
    const before = await contentsButTrail(app);
    for (const taken of [
      { externalId: bob, subject: 'ada' },
      { externalId: ada, subject: 'bob' },
    ]) {
      expect(await refusalOf(passage.user.linkIdentity(taken))).toEqual([409, 'external_id_conflict']);
    }
    const foreign = { externalId: bob, subject: 'bob', issuer: 'https://evil.example' };
    expect(await refusalOf(passage.user.linkIdentity(foreign))).toEqual([400, 'invalid_request']);
    for (const act of ['linkIdentity', 'unlinkIdentity'] as const) {
      const call = clientOf(other).user[act]({ externalId: ada, subject: 'ada' });
      expect(await refusalOf(call)).toEqual([403, 'operation_not_allowed']);
    }
    expect(await contentsButTrail(app)).toEqual(before);
  });

  it('unlinks the two, and void is what the user had proved', async () => {
    const externalId = await aMember();
    const user = new TestUser(app);
    const tie = { externalId, subject: user.subject };
    await passage.user.linkIdentity(tie);
    const nonce = await signIn(await registerPasskey(user));
    await expect(passage.user.unlinkIdentity(tie)).resolves.toBeUndefined();
    expect(await identityOf(externalId)).toEqual(UNTIED);
    expect(await user.list()).toMatchObject({ externalId: null, passkeys: [] });
    expect(await refusalOf(passage.auth.verify(nonce))).toEqual([401, 'invalid_nonce']);
    expect(await passage.user.listDevices(externalId)).toHaveLength(2);
    expect(await refusalOf(passage.user.unlinkIdentity(tie))).toEqual([404, 'user_not_found']);
    await passage.user.linkIdentity({ ...tie, issuer: TEST.issuer });
    await passage.user.unlinkIdentity({ ...tie, issuer: TEST.issuer });
    expect(await identityOf(externalId)).toEqual(UNTIED);
  });

  it('does not unlink the tie of another identity than the one that it names', async () => {
    const externalId = await aMember();
    await passage.user.linkIdentity({ externalId, subject: 'owner' });
    await passage.user.get(externalId);
    const before = await contents(app);
    for (const other of [
      { subject: 'somebody' },
      { subject: 'OWNER' },
      { subject: 'owner', issuer: 'https://evil.example' },
    ]) {
      const call = passage.user.unlinkIdentity({ externalId, ...other });
      expect(await refusalOf(call)).toEqual([404, 'user_not_found']);
    }
    expect(await contents(app)).toEqual(before);
  });

  describe('before it sends a request', () => {
    let silent: FakeServer;
    beforeAll(async () => {
      silent = await fakeServer((_, response) => response.end('{}'));
    });
    afterAll(() => silent?.close());

    it.each<[string, (user: User) => Promise<unknown>]>([
      ['an external ID to link', (user) => user.linkIdentity({ externalId: '', subject: 'ada' })],
      ['a subject to link', (user) => user.linkIdentity({ externalId: 'ada', subject: '' })],
      ['an external ID to unlink', (user) => user.unlinkIdentity({ externalId: '', subject: 'ada' })],
      ['a subject to unlink', (user) => user.unlinkIdentity({ externalId: 'ada', subject: '' })],
    ])('requires %s', async (_, call) => {
      const { user } = new PassageFlex({ appId: 'shop', apiKey: 'key', baseUrl: `${silent.url}/v1` });
      expect(await refusalOf(call(user))).toEqual([0, 'invalid_argument']);
      expect(silent.requests).toEqual([]);
    });
  });
});
