import { Command, CommanderError, Help, type Option } from 'commander';
import { registerApp } from './app.command.js';
import { registerDoctor } from './doctor.command.js';
import { describeFailure } from './failure.js';
import { registerEvents } from './events.command.js';
import { registerExport } from './export.command.js';
import { registerImport } from './import.command.js';
import { registerKey } from './key.command.js';
import { registerMigrate } from './migrate.command.js';
import { registerPurge } from './purge.command.js';
import { registerReapply } from './reapply.command.js';
import { say } from './standard-output.js';
import { registerStats } from './stats.command.js';
import { registerUser } from './user.command.js';
import { readVersion } from './version.js';
import { registerWebhook } from './webhook.command.js';

const CLOSING = `
Examples:
  keyway migrate
  keyway app create shop --rp-id shop.example --origins https://shop.example
  keyway key create shop > shop.key
  keyway app update --help

Every command takes --json, in front or behind, and answers with one JSON value then; a failure is
{"code", "error"} on standard error.
The database is that of DATABASE_URL (or DATABASE_URL_FILE), else the embedded one in DATA_DIR.
Exit codes: 0 done, 1 not done, for the reason given, 2 the command line is wrong, 3 done but for rows that
were refused.`;

/** Each adds its commands to the program, in the order that the help lists them. */
const REGISTRATIONS: readonly ((program: Command) => void)[] = [
  registerApp,
  registerKey,
  registerUser,
  registerEvents,
  registerWebhook,
  registerStats,
  registerDoctor,
  registerMigrate,
  registerPurge,
  registerImport,
  registerExport,
  registerReapply,
];

/** Runs `keyway` with these arguments: answers on standard output, failures on standard error. Gives the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const complaints: string[] = [];
  try {
    await carryOut(args.length > 0 ? args : ['--help'], complaints);
    return 0;
  } catch (error) {
    const failure = describeFailure(error, complaints.join(''));
    if (failure.exitCode === 0) return 0;
    const { code, sentence, exitCode } = failure;
    const said = args.includes('--json') ? JSON.stringify({ code, error: sentence }) : failure.text;
    process.stderr.write(`${said.trimEnd()}\n`);
    return exitCode;
  }
}

/** Help is an error to commander, which would write it in pieces and not wait. */
async function carryOut(args: readonly string[], complaints: string[]): Promise<void> {
  const help: string[] = [];
  try {
    await createProgram(help, complaints).parseAsync(args, { from: 'user' });
  } catch (error) {
    const isHelp = error instanceof CommanderError && error.exitCode === 0;
    if (!isHelp) throw error;
    await say(help.join(''));
  }
}

/** `help` takes what commander would write to standard output, `complaints` what it would write to standard error. */
export function createProgram(help: string[], complaints: string[]): Command {
  const program = new Command('keyway')
    .usage('<command>')
    .description('Keyway’s apps, API keys, users, audit trail and database.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => help.push(text),
      writeErr: (text) => complaints.push(text),
      outputError: () => undefined,
    })
    .configureHelp({ optionDescription: describeOption })
    .version(readVersion(), '-V, --version', 'say which version this is')
    .option('--json', 'answer in JSON')
    .addHelpText('after', CLOSING);
  for (const register of REGISTRATIONS) register(program);
  return program;
}

function describeOption(option: Option): string {
  const description = new Help().optionDescription(option);
  return option.mandatory ? `${description} (required)` : description;
}
