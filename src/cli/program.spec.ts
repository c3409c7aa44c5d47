import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { DURATION_HELP } from './argument-parsers.js';
import { createProgram } from './program.js';

/** Every command with the words that call it. */
const commandsOf = (command: Command, words: string): [string, Command][] => [
  [words, command],
  ...command.commands.flatMap((each) => commandsOf(each, `${words} ${each.name()}`)),
];

const help: string[] = [];

it.each(commandsOf(createProgram(help, []), 'keyway'))(
  'the help of %s ends with examples',
  (words, command) => {
    help.splice(0);
    command.outputHelp();
    const [, examples] = help.join('').split('\nExamples:\n');
    const lines = examples!.split('\n\n')[0]!.trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^ {2}([A-Z_]+=\S+ )?keyway /);
    expect(lines.join('\n')).toContain(` ${words} `.trimEnd());
  },
);

/** The help of a command, on one line. */
const helpOf = (...words: string[]): string => {
  help.splice(0);
  words
    .reduce(
      (command, word) => command.commands.find((each) => each.name() === word)!,
      createProgram(help, []),
    )
    .outputHelp();
  return help.join('').replace(/\s+/g, ' ');
};

it('the help marks the required options of a command', () => {
  const required = (text: string) =>
    [...text.matchAll(/(--[a-z-]+) <(?:(?!--).)*\(required\)/g)].map(([, name]) => name);
  expect(required(helpOf('import'))).toEqual(['--app']);
  expect(required(helpOf('export'))).toEqual(['--app']);
  expect(required(helpOf('app', 'create'))).toEqual(['--rp-id', '--origins']);
  expect(required(helpOf('app', 'update'))).toEqual([]);
  expect(required(helpOf('events'))).toEqual(['--app']);
  for (const name of ['show', 'devices', 'revoke', 'erase']) {
    expect(required(helpOf('user', name))).toEqual(['--app']);
  }
});

it('the help explains the format of every duration, and the limits and default of those of an app', () => {
  expect(helpOf('key', 'create')).toContain(`<time> when it ends, ${DURATION_HELP}; without this, never`);
  for (const words of [
    ['app', 'create'],
    ['app', 'update'],
  ]) {
    const text = helpOf(...words);
    expect(text).not.toContain('such as 90d');
    expect(
      [
        ...text.matchAll(/(--[a-z-]+) <time> ([^(;]+), (\w+ to \w+); or default, which is ([^-]+?)(?= --)/g),
      ].map(([, ...parts]) => parts),
    ).toEqual([
      ['--ceremony-timeout', 'what browsers wait for a ceremony', '10s to 15m', 'the handshake lifetime'],
      ['--handshake-ttl', 'handshake lifetime', '30s to 15m', 'HANDSHAKE_TTL (5m unless set)'],
      [
        '--register-transaction-ttl',
        'register transaction lifetime',
        '1m to 1d',
        'REGISTER_TRANSACTION_TTL (5m unless set)',
      ],
      [
        '--authenticate-transaction-ttl',
        'authenticate transaction lifetime',
        '1m to 1d',
        'AUTHENTICATE_TRANSACTION_TTL (15m unless set)',
      ],
      ['--nonce-ttl', 'nonce lifetime', '30s to 1h', 'NONCE_TTL (5m unless set)'],
    ]);
  }
});

it('the help says ranges and defaults of the other options that have them', () => {
  const create = helpOf('app', 'create');
  for (const part of [
    'a user may have, 1 to 1000; a new app has 50',
    'most wanted first; a new app has ES256,EdDSA,RS256',
    'PIN or biometrics; a new app has required',
    'discoverable passkeys; a new app has required',
    'tell of themselves; a new app has none',
    'app ID (cannot be changed)',
  ]) {
    expect(create).toContain(part);
  }
  expect(helpOf('events')).toContain('how many, 1 to 1000 (default: 50)');
  expect(helpOf('import')).toContain('default: "jsonl")');
});

it.each(['--version', '-V'])('%s prints the version of the package', async (flag) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  help.splice(0);
  await expect(createProgram(help, []).parseAsync([flag], { from: 'user' })).rejects.toMatchObject({
    exitCode: 0,
  });
  expect(help).toEqual([`${version}\n`]);
});
