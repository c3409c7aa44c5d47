import { createInterface } from 'node:readline';
import { OperatorError } from '../errors/operator-error.js';
import { UsageError } from './failure.js';

/** Where a person may be asked. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/**
 * Has what cannot be undone confirmed, by an option or by typing `id` on a terminal. Throws if it was not; `what` is a
 * sentence that says what is about to happen.
 */
export async function confirm(
  what: string,
  id: string,
  isConfirmed: boolean | undefined,
  terminal: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (isConfirmed) return;
  if (!terminal.input.isTTY) throw new UsageError(`${what} Add --yes to go on.`);
  terminal.output.write(`${what}\nType ${id} to go on: `);
  // Not as a terminal of readline's, so that Ctrl-C stays a signal.
  const lines = createInterface({ input: terminal.input, terminal: false });
  const typed = await lines[Symbol.asyncIterator]().next();
  lines.close();
  if (typed.done || typed.value.trim() !== id)
    throw new OperatorError('not_confirmed', 'Nothing was changed.');
}
