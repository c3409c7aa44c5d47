import type { Command } from 'commander';
import { createProgram } from './program.js';

/** Every command with the words that call it. */
const commandsOf = (command: Command, words: string): [string, Command][] => [
  [words, command],
  ...command.commands.flatMap((each) => commandsOf(each, `${words} ${each.name()}`)),
];

const help: string[] = [];

it.each(commandsOf(createProgram(help, []), 'keyway'))(
  '%s has its help end in examples',
  (words, command) => {
    help.splice(0);
    command.outputHelp();
    const [, examples] = help.join('').split('\nExamples:\n');
    const lines = examples!.split('\n\n')[0]!.trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^ {2}([A-Z_]+=\S+ )?keyway /);
    expect(lines.join('\n')).toContain(` ${words} `.trimEnd());
  },
);
