import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Readiness } from './readiness.js';

const LIMIT = 60_000; // ms
const PATIENCE = 1_000; // ms

/**
 * Whether a restart is the only help: the pool has given no connection for a minute, though the database has answered all
 * the while on the connection that readiness has. A statement ends after 15 s at most, so these places are lost for good.
 */
@Injectable()
export class Liveness {
  private trying: Promise<unknown> | null = null;

  constructor(
    private readonly database: Database,
    private readonly readiness: Readiness,
  ) {}

  /** Throws nothing. */
  async isStuck(): Promise<boolean> {
    if (this.database.starvedFor < LIMIT) return false;
    await this.tryPool();
    const answeringFor = await this.readiness.answeringFor();
    return answeringFor >= LIMIT && this.database.starvedFor >= LIMIT;
  }

  /** Asks for a connection, as nobody else may have since the pool last failed; waits a moment for it. */
  private async tryPool(): Promise<void> {
    this.trying ??= this.database
      .readClock()
      .catch(() => undefined)
      .finally(() => {
        this.trying = null;
      });
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE);
    });
    await Promise.race([this.trying, tooLate]).finally(() => clearTimeout(timer));
  }
}
