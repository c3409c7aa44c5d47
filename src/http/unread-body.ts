import type { Readable } from 'node:stream';
import { AppError } from '../errors/app-error.js';

/** A body that is read when a pipe asks for it, which is after the guards: a stranger's is never held in memory. */
export class UnreadBody {
  /** @param limit bytes */
  constructor(
    private readonly payload: Readable,
    private readonly limit: number,
    private readonly parse: (bytes: Buffer) => unknown,
  ) {}

  /** What it says; undefined if it is empty. Throws `payload_too_large`, or what the parser does. */
  async read(): Promise<unknown> {
    const bytes = await this.bytes();
    return bytes.length === 0 ? undefined : this.parse(bytes);
  }

  private bytes(): Promise<Buffer> {
    const { payload, limit } = this;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const hungUp = (cause?: Error): void => {
        reject(new AppError('invalid_request', { detail: 'The body did not arrive.', cause }));
      };
      // It may be over already: guards wait for the database.
      if (payload.destroyed) return hungUp();
      payload
        .on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= limit) chunks.push(chunk);
          else reject(new AppError('payload_too_large'));
        })
        .once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
        .once('error', hungUp)
        .once('close', hungUp);
    });
  }
}
