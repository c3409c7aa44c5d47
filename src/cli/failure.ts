import { CommanderError } from 'commander';
import { OperatorError } from '../errors/operator-error.js';

/** Why a command was not carried out. */
export interface Failure {
  /** 0 only where nothing failed, and nothing is told. */
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

/** The reader has closed the pipe, as `| head` does: the work ends, and nothing failed. */
export class ReaderGone extends Error {
  constructor(options?: ErrorOptions) {
    super('The reader of the output has closed it.', options);
  }
}

/** An API key that somebody gave by mistake: what is said of it must not carry it on into a log. */
const WHOLE_KEY = /kw_[A-Za-z0-9]{12}_[A-Za-z0-9_-]+/g;

const LOST = 'What this works on was changed at the same moment: run it again.';

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
  if (error instanceof ReaderGone) return { exitCode: 0, code: 'reader_gone', sentence, text: sentence };
  if (hasLostARace(error)) return { exitCode: 1, code: 'changed_meanwhile', sentence: LOST, text: LOST };
  const code = error instanceof OperatorError ? error.code : 'failed';
  return { exitCode: 1, code, sentence, text: sentence };
}

function describeUsage({ message }: CommanderError, help: string): Failure {
  if (help) {
    return { exitCode: 2, code: 'usage', sentence: 'This command needs one of its subcommands.', text: help };
  }
  const sentence = message.replace(/^error: ./, (start) => start.slice(-1).toUpperCase());
  return { exitCode: 2, code: 'usage', sentence, text: `${sentence}\nAdd --help to see its arguments.` };
}

/** Of the database, with an SQLSTATE: serialization failures and deadlocks (class 40), foreign and unique keys. */
const hasLostARace = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^(40[0-9A-Z]{3}|23503|23505)$/.test(String(error.code));
