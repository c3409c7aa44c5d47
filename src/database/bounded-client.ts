import type { PoolClient, QueryConfig, QueryResult } from 'pg';
import { currentBeneficiary } from './beneficiary.js';
import { cancelStatement } from './cancel-statement.js';

const CANCEL_PATIENCE = 1_000; // ms

/**
 * A connection of the pool until it is released. When the request that it serves is given up, what waits for an answer fails
 * at once, the statement is cancelled at the server, and the connection is closed rather than used again: a cancellation that
 * comes late would hit the next statement, and one that comes too late ends with the connection.
 */
export class BoundedClient {
  private cancelled: Promise<unknown> | null = null;

  constructor(private readonly client: PoolClient) {}

  /** Throws why the request at hand was given up, if it was; else what the driver throws. */
  query(config: QueryConfig): Promise<QueryResult> {
    currentBeneficiary()?.signal.throwIfAborted();
    const answer = this.client.query(config);
    return unlessGivenUp(answer, () => {
      this.cancelled = settledWithin(CANCEL_PATIENCE, answer);
      cancelStatement(this.client);
    });
  }

  /** Gives it back to the pool, or closes it if it may be of no more use. */
  release(isBroken: boolean): void {
    if (this.cancelled) void this.cancelled.then(() => this.client.release(true));
    else this.client.release(isBroken);
  }
}

/**
 * What `work` comes to; or why the request at hand is given up, if it is before that, and then `stop` is called. Outside of a
 * request it is just `work`.
 */
export function unlessGivenUp<T>(work: Promise<T>, stop: () => void): Promise<T> {
  const signal = currentBeneficiary()?.signal;
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => {
      stop();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    const listenNoMore = (): void => signal.removeEventListener('abort', giveUp);
    work.finally(listenNoMore).then(resolve, reject);
  });
}

async function settledWithin(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work.catch(() => undefined), tooLate]).finally(() => clearTimeout(timer));
}
