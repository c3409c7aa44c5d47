import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { DURATION_HELP } from './duration.js';
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
});

it('the help explains the format of every duration', () => {
  for (const words of [
    ['app', 'create'],
    ['app', 'update'],
    ['key', 'create'],
  ]) {
    const text = helpOf(...words);
    expect(text.split(DURATION_HELP)).toHaveLength(text.split('<time>').length);
  }
});

it('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  help.splice(0);
  await expect(createProgram(help, []).parseAsync(['--version'], { from: 'user' })).rejects.toMatchObject({
    exitCode: 0,
  });
  expect(help).toEqual([`${version}\n`]);
});
