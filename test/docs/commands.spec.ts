import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.js';
import { readConfiguration } from '../../src/config/load-configuration.js';
import { SECRET_SETTINGS, SETTINGS } from '../../src/config/setting-names.js';
import { buildKeyway } from '../e2e/build-keyway.js';
import { aDirectory, type Environment, sweep } from '../e2e/keyway-process.js';
import { runScript } from '../e2e/keyway-shell.js';
import { aDatabase, productionSettings } from '../e2e/production.js';
import { sqlOn } from '../e2e/sql-on.js';
import type { TestDatabase } from '../support/test-database.js';
import { blocksOf, chapterOf } from './markdown.js';

const DOCUMENTS = globSync(['*.md', 'docs/**/*.md', 'packages/*/README.md']).sort();
const OPERATE = 'docs/operate.md';
const RUNBOOKS = 'docs/runbooks.md';

/** Every command of keyway in the blocks of the documents, and in the examples of its own help. */
const COMMANDS = [
  ...DOCUMENTS.flatMap((file) =>
    blocksOf(file)
      .filter(({ info }) => /^sh\b/.test(info))
      .flatMap(({ text, line }) => commandsIn(text).map((words) => [`${file}:${line}`, words] as const)),
  ),
  ...[createProgram([], []), ...createProgram([], []).commands].flatMap((command) =>
    commandsIn(helpOf(command)).map((words) => [`keyway ${command.name()} --help`, words] as const),
  ),
];

describe('the commands of the documents', () => {
  it('are found', () => {
    expect(COMMANDS.length).toBeGreaterThan(60);
  });

  it.each(COMMANDS)('%s: the command line understands keyway %s', async (_where, words) => {
    const program = createProgram([], []);
    for (const command of all(program)) if (command.commands.length === 0) command.action(() => undefined);
    await expect(program.parseAsync(words, { from: 'user' })).resolves.toBeDefined();
  });
});

describe('the settings of the documents', () => {
  const blocks = blocksOf(OPERATE).filter(({ text }) => /^[A-Z_]+=/.test(text));

  it('are those of three blocks', () => {
    expect(blocks.map(({ text }) => /^[A-Z_]+/.exec(text)![0])).toEqual([
      'KEYWAY_SECRET',
      'JWT_ISSUER',
      'DATABASE_URL',
    ]);
  });

  it.each(blocks)('$text', ({ text }) => {
    const key = `kw_abcdefghijkl_${randomBytes(32).toString('base64url')}`;
    const script = `set -ae\n${text.replace('kw_…', key)}\nenv -0`;
    const output = execFileSync('sh', ['-c', script], { env: { PATH: process.env.PATH }, encoding: 'utf8' });
    const told = Object.fromEntries(
      output
        .split('\0')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const)
        .filter(([name]) => SETTINGS.includes(name)),
    );
    const base = { ...productionSettings('postgresql://keyway@db/keyway'), JWT_SECRET: '' };
    const remote = { NODE_ENV: 'production' };
    const settings = { ...('PASSAGE_MODE' in told ? remote : base), ...told };
    expect(Object.keys(told).length).toBeGreaterThan(0);
    expect(readConfiguration(settings).problems).toEqual([]);
  });

  it('of secrets in files are those that the page names', () => {
    const [sentence] = /All from the environment[^]*?by the name with `_FILE` appended/.exec(
      chapterOf(OPERATE, '## Settings'),
    )!;
    const named = [...sentence.matchAll(/`([A-Z_]+)`/g)]
      .map(([, name]) => name)
      .filter((it) => it !== '_FILE');
    expect(named.sort()).toEqual([...SECRET_SETTINGS].sort());
  });
});

describe('what the documents run on a database', () => {
  let database: TestDatabase;
  let env: Environment;
  beforeAll(async () => {
    buildKeyway();
    database = await aDatabase({ migrated: true });
    env = { ...productionSettings(database.url), APP_ID: 'shop' };
  }, 150_000);
  afterAll(async () => {
    await sweep();
    await database?.drop();
  });

  const runs = async (script: string, directory = aDirectory()) => {
    const { code, stdout, output } = await runScript(
      `set -e\nnpx() { shift; keyway "$@"; }\n${script}`,
      env,
      directory,
    );
    return { code, stdout, output };
  };

  it('the commands of the reference, one after the other', async () => {
    const [block] = blocksOf('docs/reference.md').filter(({ info }) => info === 'sh no-run');
    const directory = aDirectory();
    writeFileSync(join(directory, 'users.jsonl'), '{"type":"user","external_id":"user-1"}\n');
    for (const line of block!.text.split('\n')) {
      expect(await runs(line, directory)).toMatchObject({ code: 0 });
      if (line.includes('app create')) {
        expect(await runs('keyway import --app shop users.jsonl', directory)).toMatchObject({ code: 0 });
      }
    }
    expect(readFileSync(join(directory, 'shop.key'), 'utf8')).toMatch(/^kw_/);
  });

  it.each(blocksOf(RUNBOOKS).filter(({ info }) => info === 'sql'))(
    'the query at line $line of the runbooks',
    async ({ text }) => {
      await expect(sqlOn(database.url, text)).resolves.toBeUndefined();
    },
  );

  it('the commands of the runbooks', async () => {
    const blocks = blocksOf(RUNBOOKS).filter(({ info }) => info === 'sh');
    expect(blocks.map(({ text }) => text)).toEqual([
      'keyway doctor',
      'keyway webhook list shop',
      'keyway purge --json',
    ]);
    for (const { text } of blocks) {
      const { code, output } = await runs(text);
      // Nothing answers for the names of the settings.
      expect({ code, output }).toMatchObject({ code: text === 'keyway doctor' ? 1 : 0 });
    }
  });

  it('the statements for roles', async () => {
    const role = `docs_${randomBytes(4).toString('hex')}`;
    const blocks = blocksOf('docs/database.md').filter(({ info }) => info === 'sql');
    expect(blocks).toHaveLength(2);
    try {
      for (const { text } of blocks) await sqlOn(database.url, text.replace(/\bkeyway\b/g, role));
      await expect(sqlOn(database.url, `set role ${role}; set lock_timeout = '2s'`)).resolves.toBeUndefined();
    } finally {
      await sqlOn(database.url, `drop owned by ${role}; drop role ${role}`);
    }
  });
});

describe('the runbooks', () => {
  const headings = [...readFileSync(RUNBOOKS, 'utf8').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading!);

  it('are at least ten, named as alerts are', () => {
    expect(headings.length).toBeGreaterThanOrEqual(10);
    for (const heading of headings) expect(heading).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  it.each(headings)(
    '%s says what people notice, how to confirm it, what to do, and when to call for help',
    (heading) => {
      const parts = [...chapterOf(RUNBOOKS, `## ${heading}`).matchAll(/^\*\*(\w+)/gm)].map(
        ([, word]) => word,
      );
      expect(parts).toEqual(['People', 'Confirm', 'Do', 'Escalate']);
    },
  );
});

/** The words after `keyway` of each command in a text of sh, without what the shell itself does with it. */
function commandsIn(text: string): string[][] {
  return text
    .replace(/\\\n\s*/g, ' ')
    .replace(/\s#\s.*$/gm, '')
    .split(/\n|&&|\|(?!\|)|;/)
    .flatMap((line) => {
      const [, rest] =
        /^\s*\(?(?:[A-Z_]+=\S+ )*(?:docker compose .* -T keyway )?(?:npx )?keyway ((?!<)[a-z].*)$/.exec(
          line,
        ) ?? [];
      return rest === undefined || rest.endsWith(' --help') ? [] : [wordsOf(rest)];
    });
}

function wordsOf(text: string): string[] {
  const words = text.match(/"[^"]*"|'[^']*'|[^\s]+/g) ?? [];
  const end = words.findIndex((word) => /^\d?[<>]/.test(word));
  return (end < 0 ? words : words.slice(0, end)).map((word) => word.replace(/^["']|["')]+$/g, ''));
}

function all(command: Command): Command[] {
  return [command, ...command.commands.flatMap(all)];
}

function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  const [, examples = ''] = /^Examples:\n((?: {2}.*\n)*)/m.exec(help) ?? [];
  return examples;
}
