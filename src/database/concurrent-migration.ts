import { everyNow, type MigrationSession } from './migration-session.js';
import { OnlineMigration } from './online-migration.js';

/** An index of a table that may be large. */
export interface IndexToBuild {
  readonly name: string;
  readonly table: string;
  /** What follows the table's name: columns in parentheses, and the condition of a partial index. */
  readonly on: string;
  readonly unique?: boolean;
}

const LOOK = 500; // ms

/** Indexing so much takes milliseconds, fewer than a concurrent build has to wait for others. */
const SMALL = 8 * 1024 * 1024; // bytes

const WAIT = `
  select p.phase, a.pid, a.xact_start::text as since
  from pg_stat_progress_create_index p join pg_stat_activity a on a.pid = p.current_locker_pid
  where p.pid = $1`;

/**
 * Builds indexes, then drops those that they replace, while the tables are written to: `concurrently`, which waits for every
 * transaction that was open before, and keeps nobody else waiting. Tables that are small are locked instead, for an instant.
 */
export abstract class ConcurrentMigration extends OnlineMigration {
  override readonly kind = 'concurrent';

  readonly builds: readonly IndexToBuild[] = [];
  /** The names of indexes to drop. */
  readonly drops: readonly string[] = [];

  override async run(session: MigrationSession): Promise<void> {
    for (const index of this.builds) await session.trying(this.constructor.name, () => build(session, index));
    for (const name of this.drops) await session.trying(this.constructor.name, () => drop(session, name));
  }

  override statements(): readonly string[] {
    return [
      ...this.builds.map((index) => buildStatement(index, true)),
      ...this.drops.map((name) => dropStatement(name, true)),
    ];
  }

  override down(): void {
    for (const { name } of this.builds) this.addSql(`drop index if exists ${name}`);
  }
}

async function build(session: MigrationSession, index: IndexToBuild): Promise<void> {
  const [found] = await session.query<{ valid: boolean }>(
    'select indisvalid as valid from pg_index where indexrelid = to_regclass($1)',
    [index.name],
  );
  if (found?.valid) return;
  // Left behind by a build that was interrupted: it is written to by everybody and read by nobody.
  if (found) await drop(session, index.name);
  const isLarge = await isLargeTable(session, `to_regclass($1)`, index.table);
  if (!isLarge) {
    await session.transaction(index.name, async (query) => void (await query(buildStatement(index, false))));
    return;
  }
  session.say(`${index.name}: building it, while ${index.table} is in use.`);
  try {
    await tellingOfWaits(session, index.name, () => session.query(buildStatement(index, true)));
  } catch (error) {
    await drop(session, index.name).catch(() => undefined);
    throw error;
  }
}

async function drop(session: MigrationSession, name: string): Promise<void> {
  const table = '(select indrelid from pg_index where indexrelid = to_regclass($1))';
  if (await isLargeTable(session, table, name)) await session.query(dropStatement(name, true));
  else await session.transaction(name, async (query) => void (await query(dropStatement(name, false))));
}

async function isLargeTable(session: MigrationSession, table: string, name: string): Promise<boolean> {
  if (!session.beside) return false;
  const [row] = await session.query<{ large: boolean }>(
    `select coalesce(pg_relation_size(${table}), 0) >= ${SMALL} as large`,
    [name],
  );
  return row!.large;
}

const buildStatement = ({ name, table, on, unique }: IndexToBuild, concurrently: boolean): string =>
  `create ${unique ? 'unique ' : ''}index ${concurrently ? 'concurrently ' : ''}${name} on ${table} ${on}`;

const dropStatement = (name: string, concurrently: boolean): string =>
  `drop index ${concurrently ? 'concurrently ' : ''}if exists ${name}`;

/** Does `work`, and says meanwhile for whom it waits. */
async function tellingOfWaits(
  session: MigrationSession,
  name: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const [own] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
  const isTimeToSay = everyNow(session.patience.silence);
  const look = async (): Promise<void> => {
    const { rows } = await session.beside!(WAIT, [own!.pid]);
    const [wait] = rows as { phase: string; pid: number; since: string }[];
    if (!wait || !isTimeToSay()) return;
    session.say(
      `${name}: ${wait.phase}: waiting for a transaction that is open since ${wait.since} (process ${wait.pid} of the ` +
        'database server). This keeps nobody else waiting.',
    );
  };
  const timer = setInterval(() => void look().catch(() => undefined), LOOK);
  await work().finally(() => clearInterval(timer));
}
