import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Database } from '../database/database.js';
import { type Statement, statement } from '../database/statement.js';

const EVERY = 60_000; // ms
const BATCH = 1_000;

// Spent and expired rows stay ten minutes longer, so that no clock nor open transaction finds one missing too soon.
const purgeOf = (table: string): Statement =>
  statement(
    `purge.${table}`,
    `delete from ${table} where hash in (
       select hash from ${table} where expires_at < now() - interval '10 minutes'
       limit ${BATCH} for update skip locked)
     returning 1 as gone`,
  );

const PURGED = ['nonces', 'transactions', 'spent_handshakes'] as const;
export type Purged = (typeof PURGED)[number];

const PURGES = Object.fromEntries(PURGED.map((table) => [table, purgeOf(table)])) as Record<
  Purged,
  Statement
>;

/** Deletes what has long expired, in batches; replicas share the work without waiting for each other. */
@Injectable()
export class PurgeService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(PurgeService.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();

  constructor(private readonly database: Database) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running = this.purge().catch((error: Error) => this.log.warn(`purge failed: ${error.message}`));
    }, EVERY);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** The number of rows deleted. */
  async purge(): Promise<number> {
    return Object.values(await this.purgeTables()).reduce((sum, each) => sum + each, 0);
  }

  /** The same for each table. */
  async purgeTables(): Promise<Record<Purged, number>> {
    const counts = { nonces: 0, transactions: 0, spent_handshakes: 0 };
    for (const table of PURGED) {
      let gone: number;
      do {
        gone = (await this.database.query(PURGES[table], [])).length;
        counts[table] += gone;
      } while (gone === BATCH);
    }
    return counts;
  }
}
