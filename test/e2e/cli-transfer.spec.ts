import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { eventually } from '../support/eventually.js';
import { aForeignPasskey, toJsonl } from '../support/transfer.js';
import { buildKeyway, DIST } from './build-keyway.js';
import { runScript } from './keyway-shell.js';
import { aDirectory, type Environment, runCommand, sweep } from './keyway-process.js';
import { aDatabase } from './production.js';

const HOUR = 3_600_000;
const APP = ['--app', 'shop'];
const appOf = (id: string) => [
  'app',
  'create',
  id,
  '--rp-id',
  `${id}.example`,
  '--origins',
  `https://${id}.example`,
];

beforeAll(buildKeyway, 150_000);
afterEach(sweep);

describe.each(['PostgreSQL', 'the embedded database'])('keyway import and export on %s', (kind) => {
  const { row } = aForeignPasskey('ada', {
    members: { created_at: new Date(Date.now() - HOUR).toISOString() },
  });
  const refused = { ...row, external_id: 'bob' };
  let settings: Environment;
  let drop = () => Promise.resolve();
  let directory: string;
  const file = (name: string) => join(directory, name);
  const keyway = (...args: string[]) => runCommand(args, settings);

  beforeEach(async () => {
    directory = aDirectory();
    if (kind === 'PostgreSQL') {
      const database = await aDatabase({ migrated: true });
      settings = { DATABASE_URL: database.url };
      drop = () => database.drop();
    } else {
      mkdirSync(file('data'));
      settings = { DATA_DIR: file('data') };
    }
    await keyway(...appOf('shop'));
    await keyway(...appOf('other'));
  });
  afterEach(() => drop?.());

  it('print the counts, report refused rows, and exit with 3 if there are any', async () => {
    writeFileSync(file('in.jsonl'), toJsonl([row, refused]));
    const dry = await keyway('import', ...APP, '--dry-run', file('in.jsonl'));
    expect(dry).toEqual({
      code: 3,
      stdout: '2 rows: 1 created, 0 unchanged, 1 refused. All of it was rolled back.\n',
      stderr:
        '2: credential_of_another_user: The credential belongs to another user of the app.\n1 of 2 rows were refused.\n',
      output: expect.any(String) as string,
    });
    const report = ['--report', file('refused.jsonl')];
    const done = await keyway('import', ...APP, ...report, '--json', file('in.jsonl'));
    expect(done).toMatchObject({ code: 3 });
    expect(JSON.parse(done.stdout)).toEqual({ read: 2, created: 1, unchanged: 0, refused: 1 });
    expect(JSON.parse(done.stderr)).toEqual({ code: 'rows_refused', error: '1 of 2 rows were refused.' });
    expect(JSON.parse(readFileSync(file('refused.jsonl'), 'utf8'))).toEqual({
      line: 2,
      code: 'credential_of_another_user',
      error: 'The credential belongs to another user of the app.',
    });
    expect(statSync(file('refused.jsonl')).mode & 0o777).toBe(0o600);

    const told = await keyway('events', ...APP, '--json');
    expect(JSON.parse(told.stdout)).toMatchObject({
      events: [{ type: 'passkey.imported', externalId: 'ada', actor: 'command_line', address: null }],
      next: null,
    });

    const toFile = await keyway('export', ...APP, '--output', file('out.jsonl'));
    expect(toFile).toMatchObject({ code: 0, stdout: '2 lines were exported.\n', stderr: '' });
    expect(statSync(file('out.jsonl')).mode & 0o777).toBe(0o600);
    const piped = await keyway('export', ...APP);
    expect(piped).toMatchObject({ code: 0, stderr: '2 lines were exported.\n' });
    expect(piped.stdout).toBe(readFileSync(file('out.jsonl'), 'utf8'));
    const again = await keyway('import', ...APP, file('out.jsonl'));
    expect(again).toMatchObject({
      code: 0,
      stdout: '2 rows: 0 created, 2 unchanged, 0 refused.\n',
      stderr: '',
    });
  }, 150_000);

  it('print the first 20 refused rows and the number of the others, and all of them in JSON', async () => {
    const sentence = 'type must be passkey, user, legacy_device or tombstone.';
    writeFileSync(file('in.jsonl'), toJsonl(Array.from({ length: 53 }, () => ({ type: 'x' }))));
    const told = await keyway('import', ...APP, file('in.jsonl'));
    const lines = Array.from({ length: 20 }, (_, index) => `${index + 1}: unknown_type: ${sentence}\n`);
    expect(told.stderr).toBe(
      `${lines.join('')}… and 33 more; --report writes all of them.\n53 of 53 rows were refused.\n`,
    );
    const inJson = await keyway('--json', 'import', ...APP, file('in.jsonl'));
    expect(JSON.parse(inJson.stderr)).toEqual({ code: 'rows_refused', error: '53 of 53 rows were refused.' });
    expect(JSON.parse(inJson.stdout)).toEqual({
      read: 53,
      created: 0,
      unchanged: 0,
      refused: 53,
      refusals: lines.map((_, index) => ({ line: index + 1, code: 'unknown_type', error: sentence })),
    });
  }, 150_000);

  it('read the files of Passage, and a pipe', async () => {
    writeFileSync(file('users.csv'), 'external_id,status\nada,active\nbob,inactive\n');
    writeFileSync(
      file('devices.json'),
      JSON.stringify([{ external_id: 'ada', id: 'd1', friendly_name: 'Phone' }]),
    );
    const users = await keyway('import', ...APP, '--format', 'passage-users-csv', file('users.csv'));
    expect(users).toMatchObject({ code: 0, stdout: '2 rows: 2 created, 0 unchanged, 0 refused.\n' });
    const devices = await keyway('import', ...APP, '--format', 'passage-devices-json', file('devices.json'));
    expect(devices).toMatchObject({ code: 0, stdout: '1 rows: 1 created, 0 unchanged, 0 refused.\n' });
    writeFileSync(file('all.jsonl'), (await keyway('export', ...APP)).stdout);
    const command = `"${process.execPath}" "${join(DIST, 'cli/main.js')}" import --app other - < "${file('all.jsonl')}"`;
    const env = { PATH: process.env.PATH, ...settings };
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { env });
    expect(stdout).toBe('3 rows: 3 created, 0 unchanged, 0 refused.\n');
  }, 150_000);

  it('exit with 1 for a failure and with 2 for a usage error', async () => {
    writeFileSync(file('in.csv'), 'id\n1\n');
    const failures = [
      await keyway('import', '--app', 'nobody', file('in.csv')),
      await keyway('export', '--app', 'nobody'),
      await keyway('import', ...APP, file('none.jsonl')),
      await keyway('import', ...APP, '--format', 'passage-users-csv', file('in.csv')),
      await keyway('import', ...APP, '--report', file('no/such/place'), file('in.csv')),
    ];
    expect(failures.map(({ code, stdout }) => [code, stdout])).toEqual(failures.map(() => [1, '']));
    expect(failures[3]!.stderr).toMatch(/external_id is missing/);
    const usage = [
      await keyway('import', file('in.csv')),
      await keyway('import', ...APP, '--format', 'x', 'y'),
    ];
    expect(usage.map(({ code }) => code)).toEqual([2, 2]);
  }, 150_000);
});

describe('keyway import --dry-run', () => {
  it('holds nothing in the database while it waits for its input', async () => {
    const directory = aDirectory();
    const database = await aDatabase({ migrated: true });
    const settings = { DATABASE_URL: database.url };
    await runCommand(appOf('shop'), settings);
    const rows = Array.from({ length: 600 }, (_, i) => ({ type: 'user', external_id: `user-${i}` }));
    writeFileSync(join(directory, 'in.jsonl'), toJsonl(rows));
    const slowly = `(cat in.jsonl; while [ ! -e go ]; do sleep 0.1; done) | keyway import --app shop --dry-run -`;
    const run = runScript(slowly, settings, directory);
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const others = async (condition: string) => {
      const { rows: found } = await client.query<{ count: number }>(
        `select count(*)::integer as count from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and ${condition}`,
      );
      return found[0]!.count;
    };
    try {
      // It has found the app, and reads.
      await eventually(async () =>
        expect(await others(`state = 'idle' and query like '%/* apps.%'`)).toBeGreaterThan(0),
      );
      for (const end = Date.now() + 3_000; Date.now() < end; await pause(50))
        expect(await others(`state like 'idle in transaction%'`)).toBe(0);
    } finally {
      writeFileSync(join(directory, 'go'), '');
      await client.end();
    }
    const { stdout } = await run;
    await database.drop();
    expect(stdout).toBe('600 rows: 600 created, 0 unchanged, 0 refused. All of it was rolled back.\n');
  });
});
