import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { RefusedRow } from '../transfer/import.service.js';
import { UsageError } from './failure.js';
import { isSameFile, writing } from './file-access.js';
import type { InputFile } from './input-file.js';
import type { Progress } from './progress.js';

const TOLD = 20;

/** Takes the rows that an import refuses. */
export interface ImportReport {
  readonly take: (refused: RefusedRow) => Promise<void> | void;
  readonly end: () => Promise<void> | void;
}

/**
 * Writes a line of JSON for each into a file, in place of what was in it; the file is the owner's alone from then on. Throws
 * `UsageError` if it is the file that is read, which stays as it is, and `file_unwritable`, also for a symbolic link.
 */
export async function reportTo(path: string, input: InputFile): Promise<ImportReport> {
  const name = JSON.stringify(path);
  // In a folder that others write to, a link could name any file of the operator's.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW;
  // Emptied only once it is known not to be the input, by another name.
  const file = await writing(name, () => open(path, flags, 0o600));
  const stats = await file.stat({ bigint: true });
  if (stats.isFile() && isSameFile(stats, input.stats)) {
    await file.close();
    throw new UsageError('The report would take the place of what is imported: name another file.');
  }
  if (stats.isFile()) {
    await writing(name, async () => {
      await file.chmod(0o600);
      await file.truncate();
    });
  }
  return {
    take: (refused) => writing(name, () => file.writeFile(`${JSON.stringify(refused)}\n`)),
    end: () => writing(name, () => file.close()),
  };
}

/** Tells the first of them on standard error, and in the end how many more there were. */
export function tellFirst(progress: Progress): ImportReport {
  let seen = 0;
  return {
    take: ({ line, code, error }) => {
      seen += 1;
      progress.clear();
      if (seen <= TOLD) process.stderr.write(`${line}: ${code}: ${error}\n`);
    },
    end: () => {
      if (seen > TOLD) process.stderr.write(`… and ${seen - TOLD} more; --report writes all of them.\n`);
    },
  };
}

/** Keeps the first of them in `refusals`, for an answer in JSON. */
export function keepFirst(refusals: RefusedRow[]): ImportReport {
  return {
    take: (refused) => {
      if (refusals.length < TOLD) refusals.push(refused);
    },
    end: () => undefined,
  };
}
