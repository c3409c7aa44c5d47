import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { AppServer } from '../support/app-server.js';
import { aReplicaOf, buildApp, TEST, type TestApp } from '../support/build-app.js';
import { beginRegistration, registerPasskey, signIn } from '../support/flows.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { statementsOf } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

/** What a server learns of who finished a ceremony. */
interface ProofJson {
  readonly external_id: string;
  readonly kind: string;
  readonly issuer: string | null;
  readonly subject: string | null;
}

interface IdentityJson {
  readonly issuer: string | null;
  readonly subject: string | null;
}

describe('who signed in', () => {
  let app: TestApp;
  let server: AppServer;
  beforeAll(async () => {
    app = await buildApp();
    server = await AppServer.own(app);
  });
  afterAll(() => app?.close());

  it('is the application’s own user after a sign-in with a passkey that was added through the user’s API', async () => {
    const user = new TestUser(app, { sub: 'Ada|42' });
    const passkey = await registerPasskey(user);
    const proof = (await server.verify(await signIn(passkey))).expect<ProofJson>();
    const { externalId } = await user.list();
    expect(proof).toStrictEqual({
      external_id: externalId,
      kind: 'authenticate',
      device_id: passkey.device.id,
      issuer: TEST.issuer,
      subject: 'Ada|42',
      user_verified: true,
    });
  });

  it('is kept in memory for five seconds at most after another replica unlinked it, even while the names in its tokens alternate', async () => {
    const replica = await aReplicaOf(app);
    try {
      const user = new TestUser(app, { preferred_username: 'one' });
      const renamed = user.on(app, { preferred_username: 'two' });
      await registerPasskey(user);
      const { externalId } = await user.list();
      const elsewhere = await AppServer.own(replica);
      expect((await elsewhere.call('DELETE', `/external-users/${externalId}/identity`)).status).toBe(200);
      for (let second = 0; second < 6; second++) {
        await pause(1_000);
        await (second % 2 === 0 ? renamed : user).list();
      }
      expect(await user.list()).toMatchObject({ externalId: null, passkeys: [] });
    } finally {
      await replica.close();
    }
  });

  it('is told by a registration’s nonce too, with its kind', async () => {
    const user = new TestUser(app);
    const begun = await beginRegistration(user);
    const finished = await begun.browser.finish('register', begun.answer(new SoftwareAuthenticator()));
    const proof = (await server.verify(finished.expect<{ nonce: string }>().nonce)).expect<ProofJson>();
    expect(proof).toMatchObject({ kind: 'register', issuer: TEST.issuer, subject: user.subject });
  });

  it('is in the object of the user as well, by either name, after a change of status too', async () => {
    const user = new TestUser(app);
    await registerPasskey(user);
    const { externalId } = await user.list();
    const { id } = await server.find(externalId!);
    const identity = { issuer: TEST.issuer, subject: user.subject };
    for (const path of [`/users/${id}`, `/external-users/${externalId}`]) {
      expect((await server.call('GET', path)).expect<{ user: IdentityJson }>().user).toMatchObject(identity);
    }
    const changed = await server.call('PATCH', `/users/${id}`, { status: 'active' });
    expect(changed.expect<{ user: IdentityJson }>().user).toMatchObject(identity);
  });

  it('is not told where the external ID belongs to no user of the user’s API', async () => {
    const { authenticator, nonce } = await server.tenant.register('a-server-made-this');
    const nobody = { external_id: 'a-server-made-this', issuer: null, subject: null };
    expect((await server.verify(nonce)).expect<ProofJson>()).toMatchObject(nobody);
    const again = await server.tenant.signIn(authenticator);
    expect((await server.verify(again)).expect<ProofJson>()).toMatchObject(nobody);
    expect(await server.user('a-server-made-this')).toMatchObject({ issuer: null, subject: null });
  });

  it('is not told to any other app, even for an external ID that is tied in the service’s own', async () => {
    const user = new TestUser(app);
    await registerPasskey(user);
    const { externalId } = await user.list();
    const other = await AppServer.create(app);
    const { nonce } = await other.tenant.register(externalId!);
    expect((await other.verify(nonce)).expect<ProofJson>()).toMatchObject({
      external_id: externalId,
      issuer: null,
      subject: null,
    });
    expect(await other.user(externalId!)).toMatchObject({ issuer: null, subject: null });
  });

  it('costs a verification no statement of its own, and is found by an index', async () => {
    const passkey = await registerPasskey(new TestUser(app));
    await server.verify('unknown');
    const nonce = await signIn(passkey);
    // One finds the key, the other uses the nonce up.
    expect(await statementsOf(app, () => server.verify(nonce))).toBe(2);
    const client = new Client({ connectionString: (app.configuration.database as { url: string }).url });
    await client.connect();
    await client.query('set enable_seqscan = off');
    const join = 'flex_users u left join users i on i.passage_external_id = u.external_id';
    const plan = await client.query(
      `explain select i.issuer from ${join} where u.app_id = 'shop' and u.id = 'x'`,
    );
    await client.end();
    expect(JSON.stringify(plan.rows)).toMatch(/Index (Only )?Scan using users_passage_external_id_unique/);
  });

  it('has the external ID in the list and in the verification of the user’s API, and the passkey in the latter', async () => {
    const user = new TestUser(app, { name: 'Ada' });
    expect(await user.list()).toMatchObject({ externalId: null });
    const passkey = await registerPasskey(user);
    const { externalId } = await user.list();
    expect(externalId).toMatch(/^[0-9a-f-]{36}$/);
    const proven = (await user.verify(await signIn(passkey))).expect();
    expect(proven).toStrictEqual({
      username: 'Ada',
      externalId,
      kind: 'authenticate',
      deviceId: passkey.device.id,
    });
  });
});
