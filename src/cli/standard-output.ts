import { fstatSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { OperatorError } from '../errors/operator-error.js';
import { ReaderGone } from './failure.js';
import { isSameFile, isUnread, reasonOf } from './file-access.js';

/** Writes to standard output. Throws `ReaderGone`, or `output_unwritable` with what is in the way. */
export function say(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(unsaid(error)) : resolve()));
  });
}

/**
 * Lets errors of standard output be thrown to whoever writes, and drops those of standard error, which nobody is left
 * to be told of. Without it Node ends the process, in the middle of its work.
 */
export function catchOutputErrors(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Whether `path` is where standard output goes, as `/dev/stdout` is. */
export async function isStandardOutput(path: string): Promise<boolean> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  return found !== null && isSameFile(found, fstatSync(process.stdout.fd, { bigint: true }));
}

function unsaid(error: NodeJS.ErrnoException): Error {
  if (isUnread(error)) return new ReaderGone({ cause: error });
  const sentence = `Standard output cannot be written: ${reasonOf(error)}. The command itself has done its work.`;
  return new OperatorError('output_unwritable', sentence, { cause: error });
}
