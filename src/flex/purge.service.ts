import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Database } from '../database/database.js';
import { type Statement, statement } from '../database/statement.js';

const EVERY = 60_000; // ms
const BATCH = 1_000;

// Spent and expired rows stay ten minutes longer, so that no clock nor open transaction finds one missing too soon.
const EXPIRED = `expires_at < now() - interval '10 minutes'`;
// What happened to a passkey stays for good. A refusal that is no known user's may be a stranger's doing, in any number.
const NOBODYS_REFUSAL = `type = 'refused' and user_id is null and created_at < now() - interval '30 days'`;

const purgeOf = (table: string, key: string, condition: string): Statement =>
  statement(
    `purge.${table}`,
    `delete from ${table} where ${key} in (
       select ${key} from ${table} where ${condition} limit ${BATCH} for update skip locked)
     returning 1 as gone`,
  );

const PURGES = {
  nonces: purgeOf('nonces', 'hash', EXPIRED),
  transactions: purgeOf('transactions', 'hash', EXPIRED),
  handshakes: purgeOf('spent_handshakes', 'hash', EXPIRED),
  refusals: purgeOf('audit_events', 'id', NOBODYS_REFUSAL),
};

/** How many rows of each kind were deleted. */
export type Purged = Record<keyof typeof PURGES, number>;

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

  async purge(): Promise<Purged> {
    const gone: Purged = { nonces: 0, transactions: 0, handshakes: 0, refusals: 0 };
    for (const kind of Object.keys(PURGES) as (keyof Purged)[]) gone[kind] = await this.delete(PURGES[kind]);
    return gone;
  }

  private async delete(batch: Statement): Promise<number> {
    let gone = 0;
    let latest: number;
    do {
      latest = (await this.database.query(batch, [])).length;
      gone += latest;
    } while (latest === BATCH);
    return gone;
  }
}
