import { randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writing } from './file-access.js';

const NAME = 'A temporary file';

/**
 * Reads all of `bytes` first, into a temporary file without a name, and then does `work` with what is there: so it waits for
 * no writer. Throws `file_unwritable`, and what reading throws.
 */
export async function spooled<T>(
  bytes: AsyncIterable<Buffer>,
  work: (bytes: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  const path = join(tmpdir(), `keyway-${randomUUID()}`);
  const file = await writing(NAME, () => open(path, 'wx+', 0o600));
  try {
    // It holds personal data, and is gone with this process, however that ends.
    await unlink(path);
    for await (const chunk of bytes) await writing(NAME, () => file.appendFile(chunk));
    return await work(file.createReadStream({ start: 0, autoClose: false }));
  } finally {
    await file.close();
  }
}
