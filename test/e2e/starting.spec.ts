import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildKeyway } from './build-keyway.js';
import { ask } from './ask.js';
import { aDirectory, type Ending, runCommand, runKeyway, startKeyway, sweep } from './keyway-process.js';
import { aDatabase, aToken, productionSettings } from './production.js';
import { sqlOn } from './sql-on.js';

const STACK = /^\s+at /m;

/** The sentences on standard error under the title. */
function refusalOf({ code, stdout, stderr }: Ending): string[] {
  const [title, ...sentences] = stderr.trimEnd().split('\n');
  expect({ code, title, stdout }).toEqual({ code: 1, title: 'Keyway cannot start.', stdout: '' });
  expect(stderr).not.toMatch(STACK);
  return sentences;
}

describe('a start in production', () => {
  let database: Awaited<ReturnType<typeof aDatabase>>;

  beforeAll(async () => {
    buildKeyway();
    database = await aDatabase({ migrated: true });
  }, 150_000);
  afterEach(sweep);
  afterAll(() => database?.drop());

  it('succeeds with all settings, and logs only JSON without secrets', async () => {
    const settings = productionSettings(database.url);
    const { url, ending, signal } = await startKeyway(settings);
    expect((await ask(`${url}/health/live`)).status).toBe(200);
    expect((await ask(`${url}/health/ready`)).status).toBe(200);
    const refused = await ask(`${url}/user/devices`);
    expect(refused.status).toBe(401);
    expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(refused.headers['www-authenticate']).toBe('Bearer');
    const listed = await ask(`${url}/user/devices`, {
      headers: { authorization: `Bearer ${await aToken()}` },
    });
    expect(listed.status).toBe(200);
    expect(JSON.parse(listed.body)).toEqual({
      username: 'Ada',
      externalId: null,
      passkeys: [],
      limit: 50,
      lastPasskey: 'warn',
      signals: [],
    });
    expect((await ask(`${url}/demo/app`)).status).toBe(404);
    signal('SIGTERM');
    const { code, stdout, stderr, output } = await ending;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('time');
    for (const name of ['KEYWAY_SECRET', 'JWT_SECRET', 'DATABASE_URL'])
      expect(output).not.toContain(settings[name]);
  });

  it('logs its address once, also where it listens on every address of the machine', async () => {
    const { url, ending, signal } = await startKeyway({
      ...productionSettings(database.url),
      HOST: '0.0.0.0',
    });
    const { port } = new URL(url);
    expect((await ask(`http://127.0.0.1:${port}/health/live`)).status).toBe(200);
    signal('SIGTERM');
    const lines = (await ending).stdout.trim().split('\n');
    const messages = lines.map((line) => (JSON.parse(line) as { msg?: string }).msg ?? '');
    expect(messages.filter((it) => it.includes(port))).toEqual([`Keyway listens on 0.0.0.0:${port}`]);
  });

  it('fails with one sentence for each missing setting', async () => {
    const ending = await runKeyway({ NODE_ENV: 'production' });
    const sentences = refusalOf(ending);
    expect(sentences.map((sentence) => /^Set ([A-Z_]+) .*\.$/.exec(sentence)?.[1])).toEqual([
      'PUBLIC_URL',
      'DATABASE_URL',
      'JWT_ISSUER',
      'JWT_AUDIENCE',
      'KEYWAY_SECRET',
      'APP_ID',
    ]);
  });

  it('fails with the name of a single missing setting', async () => {
    const settings = { ...productionSettings(database.url), JWT_AUDIENCE: '' };
    const sentences = refusalOf(await runKeyway(settings));
    expect(sentences).toEqual([expect.stringMatching(/^Set JWT_AUDIENCE to .*\.$/)]);
  });

  it('starts among names of other programs, in an environment of any name, and warns of them in one line', async () => {
    const foreign = { APP_ENV: 'hunter2', DATABASE_HOST: 'hunter2', JWT_EXPIRES_IN: 'hunter2' };
    const settings = { ...productionSettings(database.url), NODE_ENV: 'staging', ...foreign };
    const { ending, signal } = await startKeyway(settings);
    signal('SIGTERM');
    const { code, output } = await ending;
    expect(code).toBe(0);
    expect(output).not.toContain('hunter2');
    const warnings = output.split('\n').filter((line) => line.includes('APP_ENV'));
    expect(warnings.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({
        level: 40,
        msg: 'Ignored, as they are not settings of Keyway: APP_ENV, DATABASE_HOST, JWT_EXPIRES_IN',
      }),
    ]);
  });

  it('warns at each start if the keys of tokens come over plain http', async () => {
    const settings = { ...productionSettings(database.url), JWT_SECRET: '' };
    const JWT_JWKS_URI = 'http://127.0.0.1:1/jwks';
    expect(refusalOf(await runKeyway({ ...settings, JWT_JWKS_URI }))).toEqual([
      expect.stringMatching(/^Set JWT_JWKS_URI to the https address .*JWT_JWKS_INSECURE=true/),
    ]);
    const { ending, signal } = await startKeyway({ ...settings, JWT_JWKS_URI, JWT_JWKS_INSECURE: 'true' });
    signal('SIGTERM');
    const warnings = (await ending).output.split('\n').filter((line) => line.includes('JWT_JWKS_INSECURE'));
    expect(warnings.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ level: 40, msg: expect.stringContaining(JWT_JWKS_URI) as string }),
    ]);
  });

  it('stops at names that are nearly those of settings', async () => {
    const settings = { ...productionSettings(database.url), APP_ORIGIN: 'x', DATABSE_URL: 'x', APP_ENV: 'x' };
    expect(refusalOf(await runKeyway(settings))).toEqual([
      'APP_ORIGIN is not a setting of Keyway; did you mean APP_ORIGINS?',
      'DATABSE_URL is not a setting of Keyway; did you mean DATABASE_URL?',
    ]);
  });

  it('ignores a file .env in production, and reads it elsewhere, where the environment wins', async () => {
    const { NODE_ENV, JWT_AUDIENCE, HOST, ...settings } = productionSettings(database.url);
    const directory = aDirectory();
    writeFileSync(join(directory, '.env'), `JWT_AUDIENCE=${JWT_AUDIENCE}\nHOST=192.0.2.1\n`);
    for (const environment of [NODE_ENV!, 'staging']) {
      const sentences = refusalOf(
        await runKeyway({ ...settings, NODE_ENV: environment, HOST: HOST! }, directory),
      );
      expect(sentences).toEqual([expect.stringMatching(/^Set JWT_AUDIENCE to /)]);
    }
    const { url } = await startKeyway({ ...settings, HOST: HOST! }, directory);
    expect(new URL(url).hostname).toBe(HOST);
    const command = await runCommand(['events', '--app', 'shop'], {}, directory);
    expect(command.stderr).toMatch(/DATABASE_URL is not set/);
    writeFileSync(join(directory, '.env'), `DATABASE_URL=${database.url}\n`);
    expect(await runCommand(['events', '--app', 'shop'], {}, directory)).toMatchObject({ code: 0 });
  });

  it('fails on a schema that is not up to date, a second time too', async () => {
    const empty = await aDatabase({ migrated: false });
    try {
      const sentence = /^The database schema is not up to date: run .*migrate.*\.$/;
      const first = await runKeyway(productionSettings(empty.url));
      const second = await runKeyway(productionSettings(empty.url));
      for (const ending of [first, second])
        expect(refusalOf(ending)).toEqual([expect.stringMatching(sentence)]);
    } finally {
      await empty.drop();
    }
  });

  it('fails with the name DATABASE_URL, without its password, when the database does not exist', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_shop';
    url.username = 'no_such_shop';
    url.password = 'hunter2';
    await sqlOn(database.url, `create role no_such_shop login password 'hunter2'`);
    const ending = await runKeyway(productionSettings(url.href)).finally(() =>
      sqlOn(database.url, 'drop role no_such_shop'),
    );
    expect(refusalOf(ending)).toEqual([
      expect.stringMatching(
        /^Cannot connect to the database [^ ]+\/no_such_shop .*does not exist.*: set DATABASE_URL to .*\.$/,
      ),
    ]);
    expect(ending.output).not.toContain('hunter2');
  });

  it('fails with a sentence when its port is in use', async () => {
    const { url } = await startKeyway(productionSettings(database.url));
    const { port } = new URL(url);
    const ending = await runKeyway({ ...productionSettings(database.url), PORT: port });
    expect(refusalOf(ending)).toEqual([
      `Keyway cannot listen on 127.0.0.1:${port} (EADDRINUSE): set HOST to an address of this machine and PORT to a free port.`,
    ]);
  });
});
