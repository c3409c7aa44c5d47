import { randomBytes } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { type FileHandle, open, realpath, rename, stat } from 'node:fs/promises';
import { ReaderGone } from './failure.js';
import { isUnread, unwritable, writing } from './file-access.js';

/** Writes a piece of text after those before it. */
export type Write = (text: string) => Promise<void>;

const MODE = 0o600;

/**
 * Has `work` write a file that nobody but its owner may read. It takes the place of the one there was once `work` is
 * done; else that one stays. A pipe or a device is written as it goes. Throws `file_unwritable` and `ReaderGone`.
 */
export async function writeFileWith<T>(path: string, work: (write: Write) => Promise<T>): Promise<T> {
  const name = JSON.stringify(path);
  const found = await stat(path).catch(() => null);
  if (found !== null && !found.isFile()) {
    const file = await writing(name, () => open(path, 'w'));
    return work(writerOf(name, file)).finally(() => file.close());
  }
  return writeAside(name, found ? await realpath(path) : path, work);
}

async function writeAside<T>(name: string, path: string, work: (write: Write) => Promise<T>): Promise<T> {
  // Of its own: another export to the same file may be under way.
  const partial = `${path}.${randomBytes(4).toString('hex')}.partial`;
  const discard = () => discardFile(partial);
  // A signal ends the process wherever it is.
  process.once('exit', discard);
  try {
    const result = await fill(name, partial, work);
    await writing(name, () => rename(partial, path));
    return result;
  } catch (error) {
    discard();
    throw error;
  } finally {
    process.off('exit', discard);
  }
}

async function fill<T>(name: string, partial: string, work: (write: Write) => Promise<T>): Promise<T> {
  // Never through what a link there leads to.
  const file = await writing(name, () => open(partial, 'wx', MODE));
  try {
    const result = await work(writerOf(name, file));
    await writing(name, () => file.sync());
    return result;
  } finally {
    await file.close();
  }
}

/** As far as it can be: what is told is why it is discarded. */
function discardFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It may never have been made.
  }
}

const writerOf =
  (name: string, file: FileHandle): Write =>
  (text) =>
    file.writeFile(text).catch((error: NodeJS.ErrnoException) => {
      throw isUnread(error) ? new ReaderGone({ cause: error }) : unwritable(name, error);
    });
