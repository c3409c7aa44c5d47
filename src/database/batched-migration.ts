import { everyNow, type MigrationSession } from './migration-session.js';
import { OnlineMigration } from './online-migration.js';

/** Changes that are made to the rows of a large table a few thousand at a time, each batch in a transaction of its own. */
export interface Backfill {
  readonly table: string;
  /** The columns of its primary key. */
  readonly key: readonly string[];
  /** The statement for one batch: `range` is the condition that picks its rows of the table, named `it`. */
  readonly statement: (range: string) => string;
}

/** Rows that one transaction changes. */
export const BATCH = 5_000;

/** How far each backfill has come. It is there only while one is under way. */
const PROGRESS =
  'create table if not exists migration_progress (name text primary key, reached text[] not null)';

/**
 * Fills large tables in batches, in the order of their key, and goes on after the last that was committed where it was
 * interrupted. Rows that come meanwhile behind the point that it has reached are not seen: a default or a trigger of a
 * migration before it has to see to what replicas of the version before write.
 */
export abstract class BatchedMigration extends OnlineMigration {
  override readonly kind = 'batched';

  abstract readonly backfill: Backfill;

  override async run(session: MigrationSession): Promise<void> {
    const { name } = this.constructor;
    await session.transaction(name, async (query) => void (await query(PROGRESS)));
    const isTimeToSay = everyNow(session.patience.silence);
    isTimeToSay();
    for (let count = 1; await this.runBatch(session, name); count++) {
      if (isTimeToSay())
        session.say(`${name}: ${(count * BATCH).toLocaleString('en')} rows of ${this.backfill.table}.`);
    }
    await session.transaction(name, async (query) => void (await query('drop table migration_progress')));
  }

  /** One more batch; false after the last. */
  private async runBatch(session: MigrationSession, name: string): Promise<boolean> {
    const { table, key, statement } = this.backfill;
    const columns = key.map((column) => `it.${column}`).join(', ');
    let last: string[] | undefined;
    await session.transaction(name, async (query) => {
      const progress = await query<{ reached: string[] }>(
        'select reached from migration_progress where name = $1',
        [name],
      );
      const reached = progress[0]?.reached;
      const after = reached ? `(${columns}) > (${placeholders(key.length, 1)})` : 'true';
      const ends = await query<{ last: string[] }>(
        `select array[${key.map((column) => `it.${column}::text`).join(', ')}] as last from ${table} it
         where ${after} order by ${columns} offset ${BATCH - 1} limit 1`,
        reached,
      );
      last = ends[0]?.last;
      const until = last
        ? ` and (${columns}) <= (${placeholders(key.length, 1 + (reached?.length ?? 0))})`
        : '';
      await query(statement(after + until), [...(reached ?? []), ...(last ?? [])]);
      if (!last) return;
      await query(
        'insert into migration_progress values ($1, $2) on conflict (name) do update set reached = excluded.reached',
        [name, last],
      );
    });
    return last !== undefined;
  }

  override statements(): readonly string[] {
    const { key, table, statement } = this.backfill;
    const range = `/* ${BATCH} rows of ${table} at a time, by ${key.join(', ')} */ true`;
    return [statement(range)];
  }
}

const placeholders = (count: number, first: number): string =>
  Array.from({ length: count }, (_, index) => `$${first + index}`).join(', ');
