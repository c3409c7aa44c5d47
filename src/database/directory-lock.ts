import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Holds a directory for this process until it is released or the process ends, however it ends. */
export interface DirectoryLock {
  release(): void;
}

/**
 * Locks a directory for this process alone, because PGlite itself lets two processes lose each other's commits. Throws
 * an Error with a sentence for the operator if another process holds it.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // Node has no file locks of its own; SQLite's are the kernel's, so that no crash leaves one behind.
  const { DatabaseSync } = await import('node:sqlite');
  const file = new DatabaseSync(join(directory, 'keyway.lock'));
  try {
    file.exec('pragma locking_mode = exclusive; begin exclusive');
  } catch (cause) {
    file.close();
    throw new Error(
      `The embedded database in ${directory} is in use by another process: stop that one first, ` +
        'or set DATA_DIR to another directory.',
      { cause },
    );
  }
  return { release: () => file.close() };
}
