import {
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { aForeignPasskey, toJsonl } from '../support/transfer.js';
import { buildKeyway } from './build-keyway.js';
import { aDirectory, type Ending, type Environment, runCommand, sweep } from './keyway-process.js';
import { runScript } from './keyway-shell.js';
import { aDatabase } from './production.js';
import { connectTo, sqlOn } from './sql-on.js';

const APP = ['--app', 'shop'];
const CREATE = ['app', 'create', 'shop', '--rp-id', 'shop.example', '--origins', 'https://shop.example'];
const { row } = aForeignPasskey('ada');
const LINES = toJsonl([row, { ...row, external_id: 'bob' }]); // the second is refused

let database: Awaited<ReturnType<typeof aDatabase>>;
let settings: Environment;
let directory: string;

const file = (name: string) => join(directory, name);
const read = (name: string) => readFileSync(file(name), 'utf8');
const keyway = (...args: string[]) => runCommand(args, settings, directory);
const shell = (script: string) => runScript(script, settings, directory);

/** What a command failed with, in JSON. */
const failureOf = ({ code, stdout, stderr }: Ending): unknown => {
  expect(stdout).toBe('');
  return { exit: code, ...(JSON.parse(stderr) as object) };
};

beforeAll(buildKeyway, 150_000);
beforeEach(async () => {
  directory = aDirectory();
  database = await aDatabase({ migrated: true });
  settings = { DATABASE_URL: database.url };
  expect(await keyway(...CREATE)).toMatchObject({ code: 0 });
  writeFileSync(file('in.jsonl'), LINES);
  mkdirSync(file('folder'));
});
afterEach(async () => {
  await sweep();
  await database?.drop();
});

describe('keyway import', () => {
  it('refuses a report that would overwrite its input, by any path', async () => {
    linkSync(file('in.jsonl'), file('hard'));
    for (const args of ['in.jsonl ./in.jsonl', 'hard in.jsonl', 'in.jsonl - < in.jsonl']) {
      expect(failureOf(await shell(`keyway import --app shop --json --report ${args}`))).toEqual({
        exit: 2,
        code: 'usage',
        error: 'The report would take the place of what is imported: name another file.',
      });
    }
    expect(read('in.jsonl')).toBe(LINES);
    expect(await keyway('import', ...APP, '--report', 'refused.jsonl', 'in.jsonl')).toMatchObject({
      code: 3,
    });
    const device = await shell('keyway import --app shop --report /dev/null - < /dev/null');
    expect(device).toMatchObject({ code: 0, stdout: '0 rows: 0 created, 0 unchanged, 0 refused.\n' });
  }, 60_000);

  it.each([
    ['none.jsonl', '"none.jsonl" cannot be read: there is no such file or directory.'],
    ['in.jsonl/x', '"in.jsonl/x" cannot be read: a part of its path is not a directory.'],
    ['folder', '"folder" cannot be read: it is a directory.'],
    ['/proc/self/mem', '"/proc/self/mem" cannot be read: EIO.'],
    ['- < folder', 'Standard input cannot be read: it is a directory.'],
  ])('says which input cannot be read, and why: %s', async (args, sentence) => {
    const error = `${sentence} Change that, or name another file.`;
    expect(await shell(`keyway import --app shop ${args}`)).toMatchObject({ code: 1, stderr: `${error}\n` });
    const inJson = await shell(`keyway import --app shop --json ${args}`);
    expect(failureOf(inJson)).toEqual({ exit: 1, code: 'file_unreadable', error });
  });

  it.each([
    ['folder/none/x', 'there is no such file or directory'],
    ['folder', 'it is a directory'],
    ['/dev/full', 'no space is left'],
  ])('says which report cannot be written, and why: %s', async (report, reason) => {
    const refused = await keyway('import', ...APP, '--json', '--report', report, 'in.jsonl');
    const error = `"${report}" cannot be written: ${reason}. Change that, or name another file.`;
    expect(failureOf(refused)).toEqual({ exit: 1, code: 'file_unwritable', error });
  });

  it('follows no link to write a report, and has nobody else read it', async () => {
    writeFileSync(file('theirs'), 'theirs', { mode: 0o644 });
    symlinkSync(file('theirs'), file('link'));
    const error = '"link" cannot be written: it is a symbolic link. Change that, or name another file.';
    const refused = await keyway('import', ...APP, '--json', '--report', 'link', 'in.jsonl');
    expect(failureOf(refused)).toEqual({ exit: 1, code: 'file_unwritable', error });
    expect(read('theirs')).toBe('theirs');
    for (const name of ['theirs', 'new']) {
      expect(await keyway('import', ...APP, '--report', name, 'in.jsonl')).toMatchObject({ code: 3 });
      expect(statSync(file(name)).mode & 0o777).toBe(0o600);
    }
  }, 60_000);

  it('fails if the reader of its report closes the pipe early', async () => {
    const script = 'mkfifo pipe; true < pipe & keyway import --app shop --json --report pipe in.jsonl';
    expect(failureOf(await shell(script))).toMatchObject({ exit: 1, code: 'file_unwritable' });
  });

  it('ends when its report cannot be written, although more is still to come on standard input', async () => {
    const script = `mkfifo more
      (yes '{"type":"x"}' | head -n 600; exec sleep 50) > more &
      keyway import --app shop --report /dev/full - < more
      code=$?; kill $!; exit $code`;
    const { code, stderr } = await shell(script);
    expect(stderr).toBe(
      '"/dev/full" cannot be written: no space is left. Change that, or name another file.\n',
    );
    expect(code).toBe(1);
  }, 60_000);

  it('keeps an earlier report unchanged if the app does not exist', async () => {
    writeFileSync(file('refused.jsonl'), 'earlier');
    const refused = await keyway(
      'import',
      '--app',
      'typo',
      '--json',
      '--report',
      'refused.jsonl',
      'in.jsonl',
    );
    expect(failureOf(refused)).toMatchObject({ exit: 1, code: 'app_not_found' });
    expect(read('refused.jsonl')).toBe('earlier');
    await keyway('import', ...APP, '--report', 'refused.jsonl', 'in.jsonl');
    expect(JSON.parse(read('refused.jsonl'))).toMatchObject({ line: 2 });
  });
});

describe('keyway export', () => {
  const OUTPUT = ['--output', 'out.jsonl'];

  /** The lines that go to standard output. */
  const exported = async (): Promise<string> => (await keyway('export', ...APP)).stdout;

  beforeEach(async () => {
    expect(await keyway('import', ...APP, 'in.jsonl')).toMatchObject({ code: 3 });
  });

  it('replaces an earlier file only when the export is complete', async () => {
    writeFileSync(file('out.jsonl'), 'earlier', { mode: 0o644 });
    expect(await keyway('export', '--app', 'typo', ...OUTPUT)).toMatchObject({
      code: 1,
      stderr: 'There is no app "typo".\n',
    });
    await sqlOn(database.url, 'alter table tombstones rename to gone');
    expect(await keyway('export', ...APP, ...OUTPUT)).toMatchObject({ code: 1, stdout: '' });
    expect(await keyway('export', ...APP, '--output', 'new.jsonl')).toMatchObject({ code: 1, stdout: '' });
    await sqlOn(database.url, 'alter table gone rename to tombstones');
    expect(read('out.jsonl')).toBe('earlier');
    expect(readdirSync(directory).sort()).toEqual(['folder', 'in.jsonl', 'out.jsonl']);

    // Two at once to the same file do not get into each other's way.
    const both = [keyway('export', ...APP, ...OUTPUT), keyway('export', ...APP, ...OUTPUT)];
    for (const ending of await Promise.all(both))
      expect(ending).toMatchObject({ code: 0, stdout: '2 lines were exported.\n' });
    expect(read('out.jsonl')).toBe(await exported());
    expect(statSync(file('out.jsonl')).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory).sort()).toEqual(['folder', 'in.jsonl', 'out.jsonl']);
  }, 60_000);

  it('removes the partial file when it is stopped', async () => {
    writeFileSync(file('out.jsonl'), 'earlier');
    const other = await connectTo(database.url);
    await other.query('begin; lock table tombstones');
    const script = `"$NODE" "$KEYWAY" export --app shop --output out.jsonl &
      until ls out.jsonl.*.partial > /dev/null 2>&1; do sleep 0.1; done; kill -TERM $!; wait $!`;
    const ending = await shell(script).finally(() => other.end());
    expect(ending).toMatchObject({ code: 1, stdout: '', stderr: '' });
    expect(read('out.jsonl')).toBe('earlier');
    expect(readdirSync(directory).sort()).toEqual(['folder', 'in.jsonl', 'out.jsonl']);
  });

  it('writes to the target of a symbolic link, and keeps the link', async () => {
    writeFileSync(file('folder/real.jsonl'), 'earlier');
    symlinkSync('folder/real.jsonl', file('out.jsonl'));
    expect(await keyway('export', ...APP, ...OUTPUT)).toMatchObject({ code: 0 });
    expect(read('folder/real.jsonl')).toBe(await exported());
    expect(read('out.jsonl')).toBe(read('folder/real.jsonl'));
    expect(readdirSync(file('folder'))).toEqual(['real.jsonl']);
  });

  it('writes directly into pipes and devices, and only lines to standard output', async () => {
    const lines = await exported();
    const fifo = 'mkfifo pipe; cat pipe > got & keyway export --app shop --output pipe; wait';
    expect(await shell(fifo)).toMatchObject({ code: 0, stdout: '2 lines were exported.\n', stderr: '' });
    expect(read('got')).toBe(lines);
    for (const to of ['/dev/stdout | cat', '/dev/stdout > got; cat got', '-', '- | cat']) {
      const ending = await shell(`keyway export --app shop --output ${to}`);
      expect(ending).toMatchObject({ stdout: lines, stderr: '2 lines were exported.\n' });
    }
    expect(readdirSync(directory).sort()).toEqual(['folder', 'got', 'in.jsonl', 'pipe']);
  }, 60_000);

  it.each([
    ['folder/none/x', 'there is no such file or directory'],
    ['in.jsonl/x', 'a part of its path is not a directory'],
    ['folder', 'it is a directory'],
    ['/dev/full', 'no space is left'],
  ])('says which output cannot be written, and why: %s', async (output, reason) => {
    const error = `"${output}" cannot be written: ${reason}. Change that, or name another file.`;
    const refused = await keyway('export', ...APP, '--json', '--output', output);
    expect(failureOf(refused)).toEqual({ exit: 1, code: 'file_unwritable', error });
  });
});

describe('keyway’s standard output', () => {
  const FULL = 'Standard output cannot be written: no space is left. The command itself has done its work.\n';

  /** Says on standard error how the command ended, whose output nobody reads. */
  const unread = (command: string, reader = 'true') => `{ ${command}; echo "ended $?" >&2; } | ${reader}`;

  it.each(['keyway app list', 'keyway app --help', 'keyway', 'keyway app show shop --json'])(
    'causes exit status 0 when its reader closes it: %s',
    async (command) => {
      expect((await shell(unread(command))).stderr).toBe('ended 0\n');
      expect((await shell(unread(command, 'head -n 1'))).stderr).toBe('ended 0\n');
    },
  );

  it('can be closed by its reader during an export, which then exits with 0', async () => {
    await sqlOn(
      database.url,
      `insert into flex_users (app_id, id, external_id, user_handle)
       select 'shop', 'many-' || i, 'many-' || i, decode(md5(i::text), 'hex') from generate_series(1, 5000) i`,
    );
    const piped = await shell(unread('keyway export --app shop', 'head -n 1'));
    expect(piped).toMatchObject({ code: 0, stderr: 'ended 0\n' });
    expect(JSON.parse(piped.stdout)).toMatchObject({ type: 'user' });
    const named =
      'mkfifo pipe; head -n 1 < pipe & keyway export --app shop --output pipe; echo "ended $?" >&2';
    expect((await shell(named)).stderr).toBe('ended 0\n');
  });

  it('can be closed by its reader without a change to the result and the exit status', async () => {
    const quiet = await shell(unread('keyway import --app shop in.jsonl'));
    expect(quiet.stderr).toMatch(/^2: .*\n1 of 2 rows were refused\.\nended 3\n$/);
    const silent = `{ keyway import --app shop in.jsonl 2>&1 > out; echo "ended $?" > code; } | true; cat out code`;
    expect((await shell(silent)).stdout).toBe('2 rows: 0 created, 1 unchanged, 1 refused.\nended 3\n');
  });

  it.each(['keyway app list', 'keyway app --help', 'keyway export --app shop'])(
    'causes exit status 1 when its device is full: %s',
    async (command) => {
      await keyway('import', ...APP, 'in.jsonl');
      expect(await shell(`${command} > /dev/full`)).toMatchObject({ code: 1, stderr: FULL });
    },
  );

  it('causes an error in JSON when its device is full, and the id of a created key is still printed', async () => {
    const inJson = await shell('keyway app list --json > /dev/full');
    expect(failureOf(inJson)).toEqual({ exit: 1, code: 'output_unwritable', error: FULL.trimEnd() });
    const made = await shell('keyway key create shop > /dev/full');
    expect(made.code).toBe(1);
    const [note, sentence] = made.stderr.split(/(?<=\n)/);
    expect(sentence).toBe(FULL);
    const [{ id }] = JSON.parse((await keyway('key', 'list', 'shop', '--json')).stdout) as [{ id: string }];
    expect(note).toContain(`The key ${id} of shop is valid`);
  });
});
