import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** Why a replica is not ready. `read_only`: its database does not accept writes, as after a failover. */
export type Obstacle = 'draining' | 'database' | 'read_only';

const PATIENCE = 2_000; // ms

/** Whether this replica can serve requests: not while it drains, nor while its database does not answer or only reads. */
@Injectable()
export class Readiness {
  private draining = false;
  private asking: Promise<Obstacle | null> | null = null;

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

  /** One question at a time, for all who ask: the route is public, and must not be a load on the database. */
  private askDatabase(): Promise<Obstacle | null> {
    this.asking ??= this.ping().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  private async ping(): Promise<Obstacle | null> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<Obstacle>((resolve) => {
      timer = setTimeout(resolve, PATIENCE, 'database');
    });
    const pong = this.database.isWritable().then(
      (isWritable) => (isWritable ? null : 'read_only'),
      () => 'database' as const,
    );
    return Promise.race([pong, tooLate]).finally(() => clearTimeout(timer));
  }
}
