import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../database/database.js';
import { databaseOutage } from '../database/database-outage.js';

/** Why a replica is not ready. `read_only`: its database does not accept writes, as after a failover. */
export type Obstacle = 'draining' | 'database' | 'read_only';

/** What one question to the database found out; `detail` says why it did not answer. */
interface Finding {
  readonly obstacle: Obstacle | null;
  readonly detail?: string | undefined;
}

const PATIENCE = 2_000; // ms

/**
 * Whether this replica can serve requests: not while it drains, nor while its database does not answer or only reads. It asks
 * on a connection of its own: a pool that is full for a while is full in all replicas, which would drop out together.
 */
@Injectable()
export class Readiness {
  private readonly log = new Logger(Readiness.name);
  private draining = false;
  private asking: Promise<Obstacle | null> | null = null;
  private told: { readonly obstacle: Obstacle | null; readonly isFull: boolean } = {
    obstacle: null,
    isFull: false,
  };
  private answeringSince: number | null = null;

  constructor(private readonly database: Database) {}

  /** From now on this replica is not ready, so that it gets no new traffic. */
  drain(): void {
    this.draining = true;
  }

  get isDraining(): boolean {
    return this.draining;
  }

  /** Why this replica is not ready now; null if it is. Throws nothing. */
  async obstacle(): Promise<Obstacle | null> {
    return this.draining ? 'draining' : this.askDatabase();
  }

  /** Whether requests wait for a connection of the pool, of which others use every one. */
  get isPoolFull(): boolean {
    return this.database.isFull;
  }

  /** Asks the database: the milliseconds for which it has answered each time that it was asked; 0 if it does not now. */
  async answeringFor(): Promise<number> {
    await this.askDatabase();
    return this.answeringSince === null ? 0 : performance.now() - this.answeringSince;
  }

  /** One question at a time, for all who ask: the route is public, and must not be a load on the database. */
  private askDatabase(): Promise<Obstacle | null> {
    this.asking ??= this.ping()
      .then((finding) => {
        this.take(finding);
        return finding.obstacle;
      })
      .finally(() => {
        this.asking = null;
      });
    return this.asking;
  }

  private async ping(): Promise<Finding> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<Finding>((resolve) => {
      timer = setTimeout(resolve, PATIENCE, { obstacle: 'database', detail: 'answer_timeout' });
    });
    const pong = this.database.isWritable().then(
      (isWritable): Finding => ({ obstacle: isWritable ? null : 'read_only' }),
      (error: unknown): Finding => ({ obstacle: 'database', detail: databaseOutage(error)?.reason }),
    );
    return Promise.race([pong, tooLate]).finally(() => clearTimeout(timer));
  }

  /** Logs what has changed since the question before. */
  private take({ obstacle, detail }: Finding): void {
    this.answeringSince = obstacle === 'database' ? null : (this.answeringSince ?? performance.now());
    const isFull = this.isPoolFull;
    if (obstacle !== this.told.obstacle) {
      if (obstacle) this.log.warn(`This replica is not ready: ${obstacle}${detail ? ` (${detail})` : ''}`);
      else this.log.log('This replica is ready again');
    }
    if (isFull !== this.told.isFull) {
      if (isFull) this.log.warn('Requests wait for a connection: the pool is full (DATABASE_POOL_MAX)');
      else this.log.log('The pool has connections to give again');
    }
    this.told = { obstacle, isFull };
  }
}
