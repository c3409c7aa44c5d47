import { bulkhead, type BulkheadPolicy, isBulkheadRejectedError } from 'cockatiel';
import { Unavailable } from '../errors/unavailable.js';

const MOST = 3; // connections of one user at a time
const SHARE = 3; // and at most every third one of the pool
const QUEUE = 100;
const PATIENCE = 2_000; // ms
const RETRY_AFTER = 2; // seconds

interface Line {
  readonly turns: BulkheadPolicy;
  members: number;
}

/**
 * Lets each user have a few connections at a time, so that a user of whom a row is locked, and whose client does not stop
 * asking, leaves the rest of the pool to all others. What is in excess waits without a connection, for two seconds at most.
 */
export class UserTurns {
  private readonly lines = new Map<string, Line>();
  private readonly limit: number;

  /** @param poolMax how many connections there are for all users. */
  constructor(poolMax: number) {
    this.limit = Math.max(1, Math.min(MOST, Math.floor(poolMax / SHARE)));
  }

  /** Does `work` in turn, or at once for no user. Throws `database_busy` if the turn does not come in time. */
  async inTurn<T>(user: string | null, work: () => Promise<T>): Promise<T> {
    if (user === null) return work();
    const line = this.lines.get(user) ?? { turns: bulkhead(this.limit, QUEUE), members: 0 };
    this.lines.set(user, line);
    line.members += 1;
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE);
    const turn = line.turns.execute(() => {
      clearTimeout(timer);
      return work();
    }, patience.signal);
    const left = turn.finally(() => {
      clearTimeout(timer);
      line.members -= 1;
      if (line.members === 0) this.lines.delete(user);
    });
    const tooLate = new Promise<never>((_resolve, reject) => {
      patience.signal.addEventListener('abort', () => reject(busy()));
    });
    return Promise.race([left, tooLate]).catch((error: unknown) => {
      throw isBulkheadRejectedError(error) ? busy() : error;
    });
  }
}

const busy = (): Unavailable =>
  new Unavailable('database_busy', { cause: null, reason: 'user_busy', retryAfter: RETRY_AFTER });
