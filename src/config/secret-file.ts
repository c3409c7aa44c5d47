import { readFileSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';

const MAX_BYTES = 64 * 1024;

/** A secret out of a file, or the sentence that says why there is none. */
export type SecretFile = { readonly text: string } | { readonly problem: string };

/** Reads the file that `NAME_FILE` names: UTF-8, at most 64 KiB, without the newline at its end. */
export function readSecretFile(setting: string, path: string): SecretFile {
  const where = isPathLike(path) ? `the file ${path}` : 'a file';
  const refuse = (why: string) => ({ problem: `Set ${setting}_FILE to a readable file: ${where} ${why}.` });
  try {
    const file = statSync(path);
    // Also keeps a pipe that nobody writes to from holding up the start.
    if (!file.isFile()) return refuse('is not a regular file');
    if (file.size > MAX_BYTES) return refuse('is larger than 64 KiB');
    const text = decodeUtf8(readFileSync(path))?.replace(/[\r\n]+$/, '');
    if (text === undefined) return refuse('is not UTF-8 text');
    return text === '' ? refuse('is empty') : { text };
  } catch (error) {
    return refuse(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
}

/** Somebody may have put the secret itself where its path belongs. */
const isPathLike = (text: string): boolean =>
  (isAbsolute(text) || /^\.\.?\//.test(text)) && !/[\r\n]/.test(text);

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
