import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from '../../src/database/database.js';
import { blocksOf } from '../docs/markdown.js';
import { buildKeyway } from '../e2e/build-keyway.js';
import { aDirectory, type Environment, sweep } from '../e2e/keyway-process.js';
import { runScript } from '../e2e/keyway-shell.js';
import { sqlOn } from '../e2e/sql-on.js';
import { buildAppOn, TEST, type TestApp } from '../support/build-app.js';
import { Browser, type FinishBody } from '../support/browser.js';
import { DebianPostgres } from '../support/debian-postgres.js';
import { type RegisteredPasskey, registerPasskey, signIn } from '../support/flows.js';
import { sql } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

const PAGE = 'docs/backup.md';

let server: DebianPostgres;
let app: TestApp | undefined;
beforeAll(async () => {
  buildKeyway();
  server = await DebianPostgres.start();
}, 150_000);
afterEach(async () => {
  await app?.close();
  app = undefined;
  await sweep();
});
afterAll(() => server?.remove());

const settingsFor = (url: string) => ({ kind: 'postgresql', url, poolMax: 4 }) as const;
const urlOf = (name: string) => server.url.replace(/[^/]*$/, name);

/** Runs a block of the page as it stands there. */
async function follow(info: string, env: Environment, directory: string): Promise<string> {
  const block = blocksOf(PAGE).find((it) => it.info === `sh ${info}`)!;
  // The scripts of a page may export what the next one needs.
  const { code, stdout, output } = await runScript(`set -eu\n${block.text}\nenv > after`, env, directory);
  if (code !== 0) throw new Error(`"${info}" ended with ${code}:\n${output}`);
  const after = readFileSync(join(directory, 'after'), 'utf8');
  env.DATABASE_URL = /^DATABASE_URL=(.*)$/m.exec(after)![1]!;
  return stdout;
}

describe('a restore, as docs/backup.md has it', () => {
  it('has none of its commands that this test does not run', () => {
    const infos = blocksOf(PAGE).map(({ info }) => info);
    expect(infos).toEqual(
      ['backup', 'events', 'rescue', 'restore', 'void', 'reapply'].map((it) => `sh ${it}`),
    );
  });

  it('takes away again what was revoked, erased and unlinked after the backup, and keeps the rest', async () => {
    const directory = aDirectory();
    await sqlOn(server.url, 'create database keyway');
    const env: Environment = {
      DATABASE_URL: urlOf('keyway'),
      MAINTENANCE_URL: server.url,
      RESTORED_URL: urlOf('keyway_restored'),
      APP_ID: TEST.appId,
      NODE_ENV: 'production',
    };
    const schema = await Database.open(settingsFor(env.DATABASE_URL!), 'commands');
    await schema.migrate();
    await schema.close();
    app = await buildAppOn(settingsFor(env.DATABASE_URL!));
    const [kept, revoked, erased, unlinked] = (await Promise.all(
      ['kept', 'revoked', 'erased', 'unlinked'].map((sub) => registerPasskey(new TestUser(app!, { sub }))),
    )) as [RegisteredPasskey, RegisteredPasskey, RegisteredPasskey, RegisteredPasskey];
    // One that nobody has verified yet, and the sign-in that is finished once after the backup.
    const nonce = await signIn(kept);
    const begun = await kept.browser.beginSignIn();
    const response = begun.answer(kept.authenticator);

    await follow('backup', env, directory);
    expect((await kept.user.verify(nonce)).status).toBe(200);
    expect((await kept.browser.finish('authenticate', response)).status).toBe(200);
    expect((await revoked.user.revoke(revoked.device.id)).status).toBe(204);
    await follow('events', env, directory);
    const externalId = await externalIdOf('unlinked');
    const command = async (...args: string[]) => {
      const { code, output } = await runScript(`keyway ${args.join(' ')}`, env, directory);
      expect({ code, output }).toMatchObject({ code: 0 });
    };
    await command('user', 'erase', '--app', TEST.appId, '--yes', await externalIdOf('erased'));
    await command('user', 'unlink', '--app', TEST.appId, externalId);
    await follow('rescue', env, directory);
    const { passage } = app.configuration;
    await app.close();

    await follow('restore', env, directory);
    // What a restore alone would do.
    app = await buildAppOn(settingsFor(env.DATABASE_URL!), { passage });
    for (const passkey of [kept, revoked, erased, unlinked]) expect(await signsIn(passkey, app)).toBe(200);
    expect((await finishAgain(response)).status).toBe(200);
    expect((await new TestUser(app, { sub: 'kept' }).verify(nonce)).status).toBe(200);
    await sqlOn(
      server.url,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = 'keyway_restored'`,
    );
    await app.close();
    await sqlOn(server.url, 'drop database keyway_restored with (force)');

    env.DATABASE_URL = urlOf('keyway');
    await follow('restore', env, directory);
    await follow('void', env, directory);
    const answers = await follow('reapply', env, directory);
    expect(answers.trim().split('\n')).toEqual([
      'Would revoke 1 passkey, undo 1 tie and erase 1 user; 0 of 3 were gone already.',
      'Revoked 1 passkey, undid 1 tie and erased 1 user; 0 of 3 were gone already.',
    ]);
    const again = await follow('reapply', env, directory);
    expect(again.trim().split('\n').at(-1)).toBe(
      'Revoked 0 passkeys, undid 0 ties and erased 0 users; 3 of 3 were gone already.',
    );
    // With a secret of its own.
    app = await buildAppOn(settingsFor(env.DATABASE_URL));
    expect(await signsIn(kept, app)).toBe(200);
    expect(await signsIn(unlinked, app)).toBe(200);
    expect(await signsIn(revoked, app)).toBe(401);
    expect(await signsIn(erased, app)).toBe(401);
    expect((await finishAgain(response)).status).toBe(401);
    expect((await new TestUser(app, { sub: 'kept' }).verify(nonce)).status).toBe(401);
    expect(await sql(app, `select subject from users order by 1`)).toEqual([
      { subject: 'kept' },
      { subject: 'revoked' },
    ]);
    expect(
      await sql(app, `select type, actor from audit_events where actor = 'command-line' order by created_at`),
    ).toEqual([
      { type: 'passkey.revoked', actor: 'command-line' },
      { type: 'user.unlinked', actor: 'command-line' },
      { type: 'user.deleted', actor: 'command-line' },
    ]);
  }, 180_000);
});

const signsIn = async ({ authenticator }: RegisteredPasskey, on: TestApp): Promise<number> => {
  const browser = new Browser(on);
  const begun = await browser.beginSignIn();
  return (await browser.finish('authenticate', begun.answer(authenticator))).status;
};
const finishAgain = (response: FinishBody) => new Browser(app!).finish('authenticate', response);
const externalIdOf = async (subject: string): Promise<string> => {
  const [row] = await sql<{ id: string }>(
    app!,
    'select passage_external_id as id from users where subject = $1',
    subject,
  );
  return row!.id;
};
