import type { Readable } from 'node:stream';
import { AppError } from '../errors/app-error.js';
import { currentRequest } from './request-context.js';

/**
 * A body that arrives while guards judge the request. What is beyond the limit is dropped as it comes: Node would keep 64 KiB
 * of a body that is not read.
 */
export class PendingBody {
  private readonly arrival: Promise<Buffer>;
  private isArriving = true;

  /** @param limit bytes */
  constructor(
    payload: Readable,
    limit: number,
    private readonly parse: (bytes: Buffer) => unknown,
  ) {
    this.arrival = arrivalOf(payload, limit);
    const settle = (): void => void (this.isArriving = false);
    this.arrival.then(settle, settle); // Of a request that a guard refuses, nothing else hears of a failure.
  }

  /** What it says, once it has arrived; undefined if it is empty. Throws `payload_too_large`, or what the parser does. */
  async read(): Promise<unknown> {
    const bytes = await (this.isArriving ? this.untimed() : this.arrival);
    return bytes.length === 0 ? undefined : this.parse(bytes);
  }

  /** The time that its client takes does not count against the deadline of the request. */
  private async untimed(): Promise<Buffer> {
    const clock = currentRequest()?.clock;
    clock?.stop();
    try {
      return await this.arrival;
    } finally {
      clock?.start();
    }
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
      .once('end', () => {
        payload.off('close', hungUp); // An error costs its stack.
        resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
      })
      .once('error', hungUp)
      .once('close', hungUp);
  });
}
