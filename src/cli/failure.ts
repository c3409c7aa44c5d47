import { CommanderError } from 'commander';
import { ConfigurationError } from '../config/configuration-error.js';
import { OperatorError } from '../flex/operator-error.js';

/** Why a command was not carried out. */
export interface Failure {
  /** 0 only where nothing failed, as when help was asked for. */
  readonly exitCode: 0 | 1 | 2 | 3;
  /** Stable, for programs. */
  readonly code: string;
  /** For people, and in JSON. */
  readonly sentence: string;
  /** What is written when no JSON was asked for. */
  readonly text: string;
}

/** A command line that cannot be carried out as it is: exit code 2. */
export class UsageError extends Error {}

/** What was done but for a part that is told: exit code 3. */
export class PartlyDone extends Error {
  constructor(
    readonly code: string,
    sentence: string,
  ) {
    super(sentence);
  }
}

/** An API key that somebody gave by mistake: what is said of it must not carry it on into a log. */
const WHOLE_KEY = /kw_[A-Za-z0-9]{12}_[A-Za-z0-9_-]+/g;

/** `help` is what commander wrote instead of an error, when a command lacks its subcommand. */
export function describeFailure(error: unknown, help: string): Failure {
  const failure = describe(error, help);
  const [sentence, text] = [failure.sentence, failure.text].map((it) => it.replace(WHOLE_KEY, 'kw_…'));
  return { ...failure, sentence: sentence!, text: text! };
}

function describe(error: unknown, help: string): Failure {
  if (error instanceof CommanderError) return describeUsage(error, help);
  const sentence = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) return { exitCode: 2, code: 'usage', sentence, text: sentence };
  if (error instanceof PartlyDone) return { exitCode: 3, code: error.code, sentence, text: sentence };
  return { exitCode: 1, code: codeOf(error), sentence, text: sentence };
}

function describeUsage({ exitCode, message }: CommanderError, help: string): Failure {
  if (exitCode === 0) return { exitCode, code: 'help', sentence: '', text: '' };
  if (help) {
    return { exitCode: 2, code: 'usage', sentence: 'This command needs one of its subcommands.', text: help };
  }
  const sentence = message.replace(/^error: ./, (start) => start.slice(-1).toUpperCase());
  return { exitCode: 2, code: 'usage', sentence, text: `${sentence}\nAdd --help to see what it takes.` };
}

function codeOf(error: unknown): string {
  if (error instanceof OperatorError) return error.code;
  return error instanceof ConfigurationError ? 'invalid_settings' : 'failed';
}
