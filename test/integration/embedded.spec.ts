import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Database } from '../../src/database/database.js';
import { Browser } from '../support/browser.js';
import { aConfiguration, buildAppOn, type TestApp } from '../support/build-app.js';
import { beginRegistration, registerPasskey, signIn, stepUp } from '../support/flows.js';
import { send } from '../support/http-answer.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { auditTrail, contents, contentsButTrail, count } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

const IN_USE = /is in use by another process: stop that one first, or set DATA_DIR to another directory/;

describe('the embedded database', () => {
  let directory: string;
  let app: TestApp;
  beforeAll(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'keyway-embedded-')), 'data');
    app = await buildAppOn({ kind: 'embedded', directory });
  });
  afterAll(async () => {
    await app?.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('is created in a missing directory, migrated, and accessible to its user alone', async () => {
    expect(await send(app, { url: '/health/ready' })).toMatchObject({ status: 200 });
    expect(await app.database.pendingMigrations()).toEqual([]);
    expect((await stat(directory)).mode & 0o077).toBe(0);
  });

  it('supports registering, signing in, listing, renaming and revoking', async () => {
    const user = new TestUser(app, { name: 'Ada' });
    expect(await user.list()).toEqual({
      username: 'Ada',
      externalId: null,
      passkeys: [],
      limit: 50,
      lastPasskey: 'warn',
      signals: [],
    });
    const passkey = await registerPasskey(user, { traits: { counter: 'increasing' } });
    expect((await user.verify(await signIn(passkey))).expect()).toMatchObject({ kind: 'authenticate' });
    expect((await user.verify(await stepUp(passkey))).expect()).toMatchObject({ kind: 'authenticate' });
    const { id, credId, createdAt } = passkey.device;
    const renamed = (await user.rename(id, 'Blue key')).expect();
    expect(await user.passkeys()).toEqual([renamed]);
    expect(renamed).toMatchObject({ id, credId, createdAt, friendlyName: 'Blue key', usageCount: 2 });
    expect((await user.revoke(id)).status).toBe(204);
    expect(await user.passkeys()).toEqual([]);
    const types = (await auditTrail(app)).map(({ type }) => type);
    expect(types).toEqual([
      'passkey.registered',
      'passkey.used',
      'passkey.used',
      'passkey.renamed',
      'passkey.revoked',
    ]);
  });

  it('refuses replays, clones and credential IDs in use, and rolls them back completely', async () => {
    const passkey = await registerPasskey(new TestUser(app), { traits: { counter: 'increasing' } });
    const { browser, authenticator, user } = passkey;
    const begun = await browser.beginSignIn();
    const body = begun.answer(authenticator);
    expect((await browser.finish('authenticate', body)).status).toBe(200);
    const fresh = await browser.beginSignIn();
    const registration = await beginRegistration(user, browser);
    const before = await contentsButTrail(app);
    const { nonce } = passkey;
    expect((await browser.finish('authenticate', body)).status).toBe(401);
    expect((await browser.finish('authenticate', fresh.answer(authenticator, { counter: 1 }))).status).toBe(
      401,
    );
    const credentialId = authenticator.credentials[0]!.id;
    const taken = registration.answer(new SoftwareAuthenticator(), { credentialId });
    expect((await browser.finish('register', taken)).status).toBe(400);
    expect((await user.verify(nonce)).status).toBe(401);
    expect(await contentsButTrail(app)).toEqual(before);
    expect((await browser.finish('register', registration.answer(new SoftwareAuthenticator()))).status).toBe(
      200,
    );
  });

  it('allows one of ten simultaneous finishes of a handshake, and one verification of its nonce', async () => {
    const user = new TestUser(app);
    const browser = new Browser(app);
    const begun = await beginRegistration(user, browser);
    const bodies = Array.from({ length: 10 }, () => begun.answer(new SoftwareAuthenticator()));
    const answers = await Promise.all(bodies.map((body) => browser.finish('register', body)));
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(9);
    expect(await user.passkeys()).toHaveLength(1);
    const { nonce } = winners[0]!.as<{ nonce: string }>();
    const verified = await Promise.all(bodies.map(() => user.verify(nonce)));
    expect(verified.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('is locked against a second start in this process and in another one', async () => {
    await expect(Database.open({ kind: 'embedded', directory }, 'commands')).rejects.toThrow(IN_USE);
    const lock = fileURLToPath(new URL('../../src/database/directory-lock.ts', import.meta.url));
    const script = `const { lockDirectory } = await import(process.argv[1]); await lockDirectory(process.argv[2]);`;
    const other = promisify(execFile)(process.execPath, [
      '--input-type=module',
      '-e',
      script,
      lock,
      directory,
    ]);
    await expect(other).rejects.toMatchObject({ stderr: expect.stringMatching(IN_USE) as string });
    expect(await send(app, { url: '/health/ready' })).toMatchObject({ status: 200 });
  });

  it('keeps everything after a restart', async () => {
    const passkey = await registerPasskey(new TestUser(app));
    const before = await contents(app);
    expect(await count(app, 'devices')).toBeGreaterThan(0);
    const { passage } = app.configuration;
    await app.close();
    app = await buildAppOn(
      { kind: 'embedded', directory },
      { ...aConfiguration(app.configuration.database), passage },
    );
    expect(await contents(app)).toEqual(before);
    const browser = new Browser(app);
    const begun = await browser.beginSignIn();
    const answer = await browser.finish('authenticate', begun.answer(passkey.authenticator));
    const { nonce } = answer.expect<{ nonce: string }>();
    expect((await passkey.user.on(app).verify(nonce)).status).toBe(200);
  });
});
