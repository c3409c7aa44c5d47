import { type BigIntStats, fstatSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { reading, unreadable } from './file-access.js';

/** What a command reads. It is closed by whoever opened it. */
export interface InputFile {
  /** As people are told it. */
  readonly name: string;
  readonly stats: BigIntStats;
  /** May be read once. Throws `file_unreadable`. */
  readonly bytes: AsyncIterable<Buffer>;
  readonly close: () => Promise<void>;
}

/** Opens a file, or standard input for `-`. Throws `file_unreadable`. */
export async function openInput(path: string): Promise<InputFile> {
  const input = path === '-' ? standardInput() : await openFile(path);
  if (!input.stats.isDirectory()) return input;
  // Only reading it would fail, once other things are begun; on standard input, Node takes it for an empty file.
  await input.close();
  throw unreadable(input.name, { code: 'EISDIR' });
}

function standardInput(): InputFile {
  const name = 'Standard input';
  const stats = fstatSync(process.stdin.fd, { bigint: true });
  // An import reads ahead: what it then waits for must not keep the process from its end.
  const close = () => Promise.resolve(void process.stdin.destroy());
  return { name, stats, bytes: bytesOf(name, () => process.stdin), close };
}

async function openFile(path: string): Promise<InputFile> {
  const name = JSON.stringify(path);
  const file = await reading(name, () => open(path));
  const stats = await file.stat({ bigint: true });
  return { name, stats, bytes: bytesOf(name, () => file.createReadStream()), close: () => file.close() };
}

/** Begun only when somebody reads: an error that nobody listens to would end the process. */
async function* bytesOf(name: string, begin: () => AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  try {
    yield* begin() as AsyncIterable<Buffer>;
  } catch (error) {
    throw unreadable(name, error);
  }
}
