import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildKeyway } from './build-keyway.js';
import {
  aDirectory,
  type Ending,
  type Environment,
  runCommand,
  startKeyway,
  sweep,
} from './keyway-process.js';
import { aDatabase } from './production.js';
import { sqlOn } from './sql-on.js';
import { freePort } from '../support/free-port.js';

const RP_ID = 'shop.example';
const CREATE = ['app', 'create', 'shop', '--rp-id', RP_ID, '--origins', `https://${RP_ID}`];
const TIME = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ';

/** What a command wrote as JSON, once it is certain that it wrote nothing else. */
const answerOf = ({ code, stdout, stderr }: Ending): unknown => {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.trimEnd()).not.toContain('\n');
  return JSON.parse(stdout);
};

/** The one JSON value of a failure. */
const failureOf = ({ stdout, stderr }: Ending): { code: string; error: string } => {
  expect(stdout).toBe('');
  return JSON.parse(stderr) as { code: string; error: string };
};

beforeAll(buildKeyway, 150_000);
afterEach(sweep);

describe('keyway app', () => {
  let database: Awaited<ReturnType<typeof aDatabase>>;
  let settings: Environment;
  beforeEach(async () => {
    database = await aDatabase({ migrated: true });
    settings = { NODE_ENV: 'production', DATABASE_URL: database.url };
  });
  afterEach(() => database?.drop());

  const keyway = (...args: string[]) => runCommand(args, settings);
  const inJson = async (...args: string[]) => answerOf(await keyway(...args, '--json'));

  it('creates, lists, shows, changes and deletes an app', async () => {
    expect((await keyway('app', 'list')).stdout).toBe('There are no apps.\n');
    const made = await keyway(...CREATE, '--name', 'The Shop');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toMatch(/^RP ID {2,}shop\.example$/m);
    expect(made.stdout).toMatch(/^devices without a key {2,}0$/m);
    expect(made.stdout).toMatch(/^algorithms {2,}ES256, EdDSA, RS256$/m);
    expect(made.stdout).toMatch(new RegExp(`^created {2,}${TIME}$`, 'm'));
    expect((await keyway('app', 'show', 'shop')).stdout).toBe(made.stdout);
    expect((await keyway('app', 'list')).stdout).toBe(
      'ID    NAME      RP ID         ORIGINS               USERS  PASSKEYS  KEYS\n' +
        'shop  The Shop  shop.example  https://shop.example      0         0     0\n',
    );

    const origins = `https://${RP_ID}, https://m.${RP_ID}`;
    const policy = ['--user-verification', 'preferred', '--algorithms', 'EdDSA,ES256', '--nonce-ttl', '2m'];
    const changed = {
      id: 'shop',
      origins: [`https://${RP_ID}`, `https://m.${RP_ID}`],
      userVerification: 'preferred',
      algorithms: ['EdDSA', 'ES256'],
      nonceTtl: 120,
    };
    expect(await inJson('app', 'update', 'shop', '--origins', origins, ...policy)).toMatchObject(changed);
    expect(await inJson('app', 'update', 'shop', '--nonce-ttl', 'default')).toMatchObject({
      ...changed,
      nonceTtl: null,
      name: 'The Shop',
    });
    expect(await inJson('app', 'list')).toEqual([await inJson('app', 'show', 'shop')]);

    expect(answerOf(await keyway('--json', 'app', 'list'))).toEqual(await inJson('app', 'list'));
    const { algorithms } = (await inJson('app', 'show', 'shop')) as { algorithms: string[] };
    expect(await inJson('app', 'update', 'shop', '--algorithms', algorithms.join())).toMatchObject({
      algorithms,
    });

    const unsure = await keyway('app', 'delete', 'shop');
    expect(unsure).toMatchObject({ code: 2, stdout: '' });
    expect(unsure.stderr).toBe(
      'This deletes the app shop with 0 users and 0 passkeys for good. Add --yes to go on.\n',
    );
    expect(await inJson('app', 'delete', 'shop', '--yes')).toEqual({ id: 'shop', users: 0, passkeys: 0 });
    expect(await inJson('app', 'list')).toEqual([]);
  });

  it('refuses an invalid app with a sentence for each problem, and stores nothing', async () => {
    const wrong = ['--rp-id', 'co.uk', '--origins', 'http://shop.example,https://10.0.0.1', '--name', ' '];
    const refused = await keyway('app', 'create', 'shop', ...wrong);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    const sentences = refused.stderr.trimEnd().split('\n');
    expect(sentences).toHaveLength(4);
    for (const each of sentences) expect(each).toMatch(/^Set .*\.$/);
    expect(sentences).toContain(
      'Set entry 1 of the origins, "http://shop.example", to an https origin: http is for localhost only.',
    );
    expect(await inJson('app', 'list')).toEqual([]);
    const elsewhere = ['--rp-id', RP_ID, '--origins', 'https://example.org', '--json'];
    const asJson = failureOf(await keyway('app', 'create', 'shop', ...elsewhere));
    expect(asJson).toEqual({ code: 'invalid_app', error: expect.stringContaining('https://example.org') });
    expect(failureOf(await keyway('app', 'show', 'shop', '--json'))).toEqual({
      code: 'app_not_found',
      error: 'There is no app "shop".',
    });
  });

  it('makes an app only if there is none when told so, and names what the one that exists has otherwise', async () => {
    const ensure = [...CREATE, '--if-not-exists'];
    const first = await keyway(...ensure, '--nonce-ttl', '2m', '--name', ' The Shop ');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const same = await keyway(...ensure, '--nonce-ttl', '120', '--name', 'The Shop');
    expect(same).toEqual(first);
    const other = ['--nonce-ttl', '3m', '--name', 'Another', '--resident-key', 'required', '--json'];
    const differing = await keyway(...ensure, ...other);
    expect(differing).toMatchObject({
      code: 0,
      stderr: 'The app shop exists with another --nonce-ttl, --name: change it by keyway app update.\n',
    });
    expect(JSON.parse(differing.stdout)).toEqual(await inJson('app', 'show', 'shop'));
    expect(await inJson('app', 'show', 'shop')).toMatchObject({ name: 'The Shop', nonceTtl: 120 });
    const taken = failureOf(await keyway('app', 'create', 'x', ...ensure.slice(3), '--json'));
    expect(taken.code).toBe('rp_id_taken');
    expect(failureOf(await keyway(...CREATE, '--json')).code).toBe('app_exists');
  });

  it('gives an RP ID to one of two apps that are created at the same time', async () => {
    const create = (id: string) => keyway('app', 'create', id, ...CREATE.slice(3));
    const endings = await Promise.all(['one', 'other'].map(create));
    expect(endings.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(endings.find(({ code }) => code === 1)!.stderr).toMatch(
      /^The RP ID shop\.example belongs to the app (one|other): choose another one\.\n$/,
    );
    expect(await inJson('app', 'list')).toHaveLength(1);
  });

  it('reports a simultaneous change in its own words, not in those of the database', async () => {
    await keyway(...CREATE);
    await sqlOn(
      database.url,
      `create function lose() returns trigger language plpgsql
         as $$ begin raise exception 'deadlock detected' using errcode = '40P01'; end $$;
       create trigger lose before insert or update on apps for each row execute function lose();
       create trigger lose before insert on api_keys for each row execute function lose()`,
    );
    for (const args of [
      ['app', 'update', 'shop', '--name', 'The Shop'],
      ['key', 'create', 'shop'],
    ]) {
      expect(failureOf(await keyway(...args, '--json'))).toEqual({
        code: 'changed_meanwhile',
        error: 'What this works on was changed at the same moment: run it again.',
      });
    }
  });

  it('purges, and prints a count for each table', async () => {
    expect(await inJson('purge')).toEqual({
      nonces: 0,
      transactions: 0,
      handshakes: 0,
      refusals: 0,
      anonymised: 0,
      deliveries: 0,
    });
    const { stdout } = await keyway('purge');
    expect(stdout).toBe(
      'nonces        0\ntransactions  0\nhandshakes    0\nrefusals      0\nanonymised    0\ndeliveries    0\n',
    );
  });
});

describe('keyway', () => {
  const keyway = (...args: string[]) => runCommand(args, {});

  it('lists its commands, and shows the arguments of app create', async () => {
    const help = await keyway();
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('Usage: keyway <command>');
    for (const command of ['app', 'key', 'user', 'events', 'stats', 'migrate', 'purge']) {
      expect(help.stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
    }
    expect((await keyway('--help')).stdout).toBe(help.stdout);
    const create = await keyway('app', 'create', '--help');
    expect(create).toMatchObject({ code: 0, stderr: '' });
    expect(create.stdout).toContain('Usage: keyway app create [options] <app>');
    expect(create.stdout).toContain('--android-origins <list>');
    expect(create.stdout).toContain('Examples:\n  keyway app create shop ');
  });

  it.each([
    [['migrat'], /^Unknown command 'migrat'\n\(Did you mean migrate\?\)\n.*--help/],
    [['migrate', 'now'], /^Too many arguments/],
    [['app'], /^Usage: keyway app <command>/],
    [['app', 'creat'], /Did you mean create\?/],
    [['app', 'create', 'shop'], /^Required option '--rp-id <domain>' not specified/],
    [['--json'], /"usage"/],
    [['app', 'show'], /^Missing required argument 'app'/],
    [['app', 'update', 'shop'], /^Name something to change/],
    [['app', 'list', '--jsn'], /^Unknown option '--jsn'/],
    [['app', 'update', 'shop', '--user-verification', 'no'], /Allowed choices are required, preferred/],
    [['app', 'update', 'shop', '--algorithms', 'ES256,RS1'], /Give some of ES256, /],
    [['app', 'update', 'shop', '--nonce-ttl', 'soon'], /Give a time from 30s to 1h\./],
    [['app', 'update', 'shop', '--nonce-ttl', '90d'], /Give a time from 30s to 1h\./],
    [['app', 'update', 'shop', '--max-passkeys-per-user', '1001'], /Give a whole number from 1 to 1000\./],
    [['user', 'show', 'ada'], /^Required option '--app <id>' not specified/],
    [['events', '--app', 'shop', '--limit', '0'], /Give a whole number from 1 to 1000\./],
    [['events', '--app', 'shop', '--type', 'lost'], /Allowed choices are passkey.registered, /],
    [['events', '--app', 'shop', '--since', 'monday'], /Give a time such as 2026-11-22T18:00:00Z/],
    [
      ['events', '--app', 'shop', '--cursor', 'x'],
      /Give the cursor in the last line of a page of keyway events/,
    ],
    [['stats', '--app', 'shop', '--days', '367'], /Give a whole number from 1 to 366\./],
    [['events', '--app', 'shop', '--user', 'ada', '--user-id', 'x'], /cannot be used with option/],
    [['key', 'create', 'shop', '--expires-in', '0d'], /Give a time such as 90d/],
  ])('exits with 2 when the command line is wrong: %j', async (args, sentence) => {
    const ending = await keyway(...args);
    expect(ending).toMatchObject({ code: 2, stdout: '' });
    expect(ending.stderr).toMatch(sentence);
  });

  it.each([[['app']], [['app', 'show']], [['app', 'update', 'shop']]])(
    'reports a wrong command line in JSON with --json: %j',
    async (args) => {
      const ending = await keyway(...args, '--json');
      expect(ending.code).toBe(2);
      expect(failureOf(ending)).toEqual({ code: 'usage', error: expect.stringMatching(/^[A-Z].*/) });
    },
  );

  it('does not print the secret of a key that is passed by mistake', async () => {
    const key = `kw_a1B2c3D4e5F6_${'s3cr3t_'.repeat(6)}x`;
    for (const args of [
      ['key', 'revoke', key],
      ['key', 'create', 'shop', key],
      ['key', 'list', `--${key}`],
      ['app', 'show', 'shop', key, '--json'],
    ]) {
      const { code, output } = await keyway(...args);
      expect(code).toBe(2);
      expect(output).not.toContain('s3cr3t');
    }
  });

  it('says what to set when settings are missing, and what to run when the schema is behind', async () => {
    const unset = await runCommand(['app', 'list', '--json'], { NODE_ENV: 'production' });
    expect(unset.code).toBe(1);
    expect(failureOf(unset)).toMatchObject({
      code: 'invalid_settings',
      error: expect.stringMatching(/^Set DATABASE_URL/),
    });
    const database = await aDatabase({ migrated: false });
    const behind = await runCommand(['app', 'list', '--json'], { DATABASE_URL: database.url });
    expect(behind.code).toBe(1);
    expect(failureOf(behind)).toMatchObject({
      code: 'schema_behind',
      error: expect.stringContaining('run `npm run migrate` (in the image: `keyway migrate`) first'),
    });
    await database.drop();
  });

  it.each([
    [['key', 'list', 'shop']],
    [['app', 'list']],
    [['app', 'update', 'shop', '--name', 'The Shop']],
    [['purge']],
    [['export', '--app', 'shop']],
  ])('creates no embedded database when there is none, and asks for the intended one: %j', async (args) => {
    const directory = aDirectory();
    const DATA_DIR = join(directory, 'none/x');
    for (const env of [{ DATA_DIR }, {}] as Environment[]) {
      const failure = failureOf(await runCommand([...args, '--json'], env, directory));
      expect(failure.code).toBe('no_database');
      const place = env.DATA_DIR ?? join(directory, 'data');
      expect(failure.error).toContain(`There is no database in ${place}, and DATABASE_URL is not set: `);
    }
    expect(readdirSync(directory)).toEqual([]);
  });

  it('says in which embedded database it found no such app or key', async () => {
    const directory = aDirectory();
    const migrated = await runCommand(['migrate'], {}, directory);
    expect(migrated).toMatchObject({ code: 0, stderr: '' });
    const place = `in the embedded database in ${join(directory, 'data')}, as DATABASE_URL is not set`;
    for (const [args, what] of [
      [['key', 'list', 'shop'], 'app "shop"'],
      [['key', 'revoke', 'a1B2c3D4e5F6'], 'API key "a1B2c3D4e5F6"'],
    ] as const) {
      const { code, stderr } = await runCommand(args, {}, directory);
      expect({ code, stderr }).toEqual({ code: 1, stderr: `There is no ${what} ${place}.\n` });
    }
  });

  it('works on the embedded database unless a running service has locked it', async () => {
    const directory = aDirectory();
    const made = await runCommand([...CREATE, '--json'], {}, directory);
    expect(answerOf(made)).toMatchObject({ id: 'shop', rpId: RP_ID });
    const { signal, ending } = await startKeyway({ PORT: String(await freePort()) }, directory);
    const refused = await runCommand(['app', 'list'], {}, directory);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/is in use by another process: stop that one first/);
    signal('SIGTERM');
    await ending;
    expect((await runCommand(['app', 'list'], {}, directory)).stdout).toMatch(/^demo .*\nshop /m);
  }, 120_000);
});
