import type { AbstractSqlDriver } from '@mikro-orm/sql';
import type { PGlite } from '@electric-sql/pglite';
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { SQL_STATE, sqlStateOf } from './sql-state.js';

/** Tells the operator how it goes, a line at a time. */
export type Say = (line: string) => void;

/** How long migrations wait, in milliseconds. */
export interface Patience {
  /**
   * For locks, in a transaction altogether. Requests queue behind a lock that is waited for, and give up after 2 s: less
   * than that, so that none of them fails.
   */
  readonly lock: number;
  /** Between two tries, in which requests come through. */
  readonly pause: number;
  /** From the first try to the last. */
  readonly tries: number;
  /** Between two lines that say what is waited for. */
  readonly silence: number;
}

export const PATIENCE: Patience = { lock: 1_000, pause: 2_000, tries: 300_000, silence: 5_000 };

const LEAST_LOCK_WAIT = 100; // ms

const IN_THE_WAY: readonly unknown[] = [SQL_STATE.lockNotAvailable, SQL_STATE.deadlockDetected];

// In place of what the role or the database prescribes: a migration takes as long as its tables are large.
const UNHURRIED = `
  set statement_timeout = 0; set lock_timeout = 0;
  set idle_in_transaction_session_timeout = 0; set idle_session_timeout = 0;
  set default_transaction_isolation = 'read committed'`;
const UNHURRIED_SINCE_17 = `
  select set_config(name, '0', false) from pg_settings where name = 'transaction_timeout'`;

type Run = (text: string, values?: readonly unknown[]) => Promise<{ rows: unknown[] }>;

/** The connection on which migrations run, without limits of time, and the lock that keeps other migrators waiting. */
export class MigrationSession {
  private constructor(
    private readonly run: Run,
    /** Runs a query beside it; null where nobody else uses the database, so that there is nothing to wait for. */
    readonly beside: Run | null,
    readonly say: Say,
    readonly patience: Patience,
  ) {}

  /** Does `work` on a connection of its own, which is closed afterwards, with all that was set and locked on it. */
  static async with<T>(
    driver: AbstractSqlDriver,
    {
      say = () => undefined,
      patience = PATIENCE,
    }: { say?: Say | undefined; patience?: Patience | undefined },
    work: (session: MigrationSession) => Promise<T>,
  ): Promise<T> {
    const native = (await driver.getConnection().getNativeClient()) as Pool | PGlite;
    if (!isPool(native)) {
      const run: Run = (text, values = []) => native.query(text, [...values]);
      return work(new MigrationSession(run, null, say, patience));
    }
    const client = await native.connect();
    try {
      await client.query(UNHURRIED);
      await client.query(UNHURRIED_SINCE_17);
      return await work(new MigrationSession(runOn(client), runOn(native), say, patience));
    } finally {
      client.release(true);
    }
  }

  /** Runs one statement, outside a transaction unless within one, and answers with its rows. */
  async query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.run(text, values)).rows as Row[];
  }

  /**
   * Commits what `work` did through `query`, or rolls it back if it throws. What is in the way of its locks is given up at
   * once and tried again, from the beginning: `work` runs once for each try. `name` says of what it is.
   */
  async transaction(name: string, work: (query: MigrationSession['query']) => Promise<void>): Promise<void> {
    await this.trying(name, async () => {
      const begun = performance.now();
      await this.query('begin');
      try {
        await work(async (text, values) => {
          // What it has locked by now keeps requests waiting too: the limit is for all its locks together.
          const left = Math.max(LEAST_LOCK_WAIT, this.patience.lock - (performance.now() - begun));
          await this.query(`set local lock_timeout = ${Math.ceil(left)}`);
          return this.query(text, values);
        });
        await this.query('commit');
      } catch (error) {
        await this.query('rollback').catch(() => undefined);
        throw error;
      }
    });
  }

  /** Does `work` again while others hold what it would lock, but not for ever: then throws what to do about them. */
  async trying(name: string, work: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + this.patience.tries;
    const isTimeToSay = everyNow(this.patience.silence);
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!IN_THE_WAY.includes(sqlStateOf(error))) throw error;
        if (performance.now() > deadline) throw lockedSentence(name, error);
        if (isTimeToSay())
          this.say(`${name}: others hold what it has to lock; it tries again, and requests come first.`);
        await pause(this.patience.pause);
      }
    }
  }
}

/** True the first time, and then once as many milliseconds have passed. */
export function everyNow(milliseconds: number): () => boolean {
  let next = -Infinity;
  return () => {
    const now = performance.now();
    if (now < next) return false;
    next = now + milliseconds;
    return true;
  };
}

const isPool = (native: Pool | PGlite): native is Pool => 'totalCount' in native;

const runOn =
  (client: Pool | PoolClient): Run =>
  (text, values = []) =>
    values.length === 0 ? client.query(text) : client.query(text, [...values]);

const lockedSentence = (name: string, cause: unknown): Error =>
  new Error(
    `${name} got no lock on its tables within five minutes: end the transactions that have been open for long ` +
      '(select pid, xact_start, query from pg_stat_activity order by xact_start), and migrate again.',
    { cause },
  );
