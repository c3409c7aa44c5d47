import type { BigIntStats } from 'node:fs';
import { OperatorError } from '../errors/operator-error.js';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'no space is left',
  EISDIR: 'it is a directory',
  ELOOP: 'it is a symbolic link',
  ENOENT: 'there is no such file or directory',
  ENOSPC: 'no space is left',
  ENOTDIR: 'a part of its path is not a directory',
  EPIPE: 'its reader has closed it',
  EPERM: 'permission denied',
  EROFS: 'its file system is read-only',
};

/** Why the system refused to read or write, in words. */
export function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return REASONS[code ?? ''] ?? code ?? message;
}

/** Does what reads `name`. Throws `file_unreadable` with what is in the way. */
export const reading = <T>(name: string, work: () => Promise<T>): Promise<T> =>
  work().catch((error: unknown) => {
    throw unreadable(name, error);
  });

/** Does what writes `name`. Throws `file_unwritable` with what is in the way. */
export const writing = <T>(name: string, work: () => Promise<T>): Promise<T> =>
  work().catch((error: unknown) => {
    throw unwritable(name, error);
  });

/** `file_unreadable`, as it is thrown. */
export const unreadable = (name: string, error: unknown): OperatorError =>
  refusal('file_unreadable', `${name} cannot be read`, error);

/** `file_unwritable`, as it is thrown. */
export const unwritable = (name: string, error: unknown): OperatorError =>
  refusal('file_unwritable', `${name} cannot be written`, error);

/** Whether a write failed because nobody reads the pipe any more. */
export const isUnread = (error: NodeJS.ErrnoException): boolean => error.code === 'EPIPE';

/** Whether both are one file, by whatever paths they were found. */
export const isSameFile = (one: BigIntStats, other: BigIntStats): boolean =>
  one.dev === other.dev && one.ino === other.ino;

const refusal = (code: string, what: string, cause: unknown): OperatorError => {
  const sentence = `${what}: ${reasonOf(cause as NodeJS.ErrnoException)}. Change that, or name another file.`;
  return new OperatorError(code, sentence, { cause });
};
