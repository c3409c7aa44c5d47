import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';

const PING = statement('health.ping', 'select 1 as pong');
const PATIENCE = 2_000; // ms

/** Whether this replica can take requests: not while it drains, nor while its database does not answer. */
@Injectable()
export class Readiness {
  private draining = false;
  private asking: Promise<boolean> | null = null;

  constructor(private readonly database: Database) {}

  /** From now on this replica asks for no more traffic. */
  drain(): void {
    this.draining = true;
  }

  get isDraining(): boolean {
    return this.draining;
  }

  /** Null if there is none. */
  async obstacle(): Promise<'draining' | 'database' | null> {
    if (this.draining) return 'draining';
    return (await this.databaseAnswers()) ? null : 'database';
  }

  /** One question at a time, however many ask: anybody may, and the database has better things to do. */
  private databaseAnswers(): Promise<boolean> {
    this.asking ??= this.ping().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  private async ping(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, PATIENCE, false);
    });
    const pong = this.database.query(PING, []).then(
      () => true,
      () => false,
    );
    return Promise.race([pong, tooLate]).finally(() => clearTimeout(timer));
  }
}
