import type { Readable } from 'node:stream';
import { AppError } from '../errors/app-error.js';

/**
 * A body that arrives while guards judge the request. What is beyond the limit is dropped as it comes: Node would keep 64 KiB
 * of a body that is not read.
 */
export class PendingBody {
  private readonly arrival: Promise<Buffer>;

  /** @param limit bytes */
  constructor(
    payload: Readable,
    limit: number,
    private readonly parse: (bytes: Buffer) => unknown,
  ) {
    this.arrival = arrivalOf(payload, limit);
    this.arrival.catch(() => undefined); // A guard that refuses the request does not wait for it.
  }

  /** What it says, once it has arrived; undefined if it is empty. Throws `payload_too_large`, or what the parser does. */
  async read(): Promise<unknown> {
    const bytes = await this.arrival;
    return bytes.length === 0 ? undefined : this.parse(bytes);
  }
}

function arrivalOf(payload: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const hungUp = (cause?: Error): void => {
      reject(new AppError('invalid_request', { detail: 'The body did not arrive.', cause }));
    };
    // Hooks before may have waited for the database.
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
