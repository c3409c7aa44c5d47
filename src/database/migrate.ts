import type { MikroORM } from '@mikro-orm/core';
import type { AbstractSqlConnection, AbstractSqlDriver, SqlEntityManager } from '@mikro-orm/sql';
import { setTimeout } from 'node:timers/promises';
import type { Pool } from 'pg';
import { migrations } from './migrations.js';
import { SQL_STATE, sqlStateOf } from './sql-state.js';

/** An arbitrary number that names the lock which migrating replicas wait for. */
const MIGRATION_LOCK = 5_393_217_044;
const LOCK_TIMEOUT = 2_000; // ms
const PAUSE = 2_000; // ms between two tries, in which requests come through
const PATIENCE = 300_000; // ms

/** What to do about a schema that lacks migrations; said by the service and by the command line. */
export const SCHEMA_BEHIND =
  'The database schema is not up to date: run `npm run migrate` (in the image: `keyway migrate`) first.';

/** Applies the missing migrations and answers with their names. For a database that only this process has open. */
export async function migrateAlone(orm: MikroORM): Promise<string[]> {
  return namesOf(await orm.migrator.up());
}

/**
 * The same for any number of replicas at once: each migration in a transaction of its own, so that those which were applied
 * stay if a later one fails. Needs two connections. Throws an Error that says what to grant if the database user may make no
 * tables, or what is in the way of a lock.
 */
export async function migrateTogether(orm: MikroORM): Promise<string[]> {
  try {
    return await whileLocked(orm, async () => {
      const applied: string[] = [];
      for (const name of await pendingMigrations(orm)) {
        await apply(orm, name);
        applied.push(name);
      }
      return applied;
    });
  } catch (error) {
    throw sqlStateOf(error) === SQL_STATE.insufficientPrivilege ? await grantSentence(orm, error) : error;
  }
}

/** Does `work` while no other replica migrates, however long that takes. */
async function whileLocked<T>(orm: MikroORM, work: () => Promise<T>): Promise<T> {
  const pool = (await (orm.em.getConnection() as AbstractSqlConnection).getNativeClient()) as Pool;
  const client = await pool.connect();
  try {
    // Between statements it has no snapshot, for which PostgreSQL would keep dead rows and the building of an index wait.
    await client.query('begin isolation level read committed');
    await client.query('set local statement_timeout = 0');
    await client.query('set local lock_timeout = 0');
    await client.query('set local idle_in_transaction_session_timeout = 0');
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    return await work();
  } finally {
    // Releases the lock, also where the connection was lost.
    client.release(true);
  }
}

/** Applies one migration. Requests wait behind it for a lock as short as it waits itself; then they come before it. */
async function apply(orm: MikroORM, name: string): Promise<void> {
  const em = orm.em.fork() as unknown as SqlEntityManager;
  for (const deadline = Date.now() + PATIENCE; ;) {
    try {
      await em.transactional(async (tx) => {
        // It may rewrite a large table.
        await tx.execute('set local statement_timeout = 0');
        await tx.execute(`set local lock_timeout = ${LOCK_TIMEOUT}`);
        const transaction: object | undefined = tx.getTransactionContext<object>();
        await orm.migrator.up({ migrations: [name], transaction });
      });
      return;
    } catch (error) {
      if (sqlStateOf(error) !== SQL_STATE.lockNotAvailable) throw error;
      if (Date.now() > deadline) throw lockedSentence(name, error);
      await setTimeout(PAUSE);
    }
  }
}

/** The names of the migrations that the schema lacks; changes nothing but to make the migrator's own table. */
export async function pendingMigrations(orm: MikroORM): Promise<string[]> {
  return namesOf(await orm.migrator.getPending());
}

/** The names of migrations that the schema has and this version does not know: a newer version has applied them. */
export async function newerMigrations(orm: MikroORM): Promise<string[]> {
  const known = new Set(migrations.map(({ name }) => name));
  return namesOf(await orm.migrator.getExecuted()).filter((name) => !known.has(name));
}

/** A migration that the schema lacks, and what it will run. */
export interface PlannedMigration {
  readonly name: string;
  readonly statements: readonly string[];
}

/** What applying the missing migrations will run; nothing of it is run. */
export async function plannedMigrations(orm: MikroORM): Promise<PlannedMigration[]> {
  const pending = new Set(await pendingMigrations(orm));
  return migrations
    .filter(({ name }) => pending.has(name))
    .map(({ name, class: Class }) => {
      const migration = new Class(orm.driver as AbstractSqlDriver, orm.config);
      void migration.up();
      return { name, statements: migration.getQueries().map((statement) => dedent(statement as string)) };
    });
}

/** A statement without the indentation of the file that it stands in. */
function dedent(statement: string): string {
  const lines = statement.trim().split('\n');
  const indents = lines.slice(1).flatMap((line) => (line.trim() === '' ? [] : line.search(/\S/)));
  const indent = Math.min(...indents, Infinity);
  return lines.map((line, index) => (index === 0 ? line : line.slice(indent))).join('\n');
}

const namesOf = (migrations: readonly { readonly name: string }[]): string[] =>
  migrations.map(({ name }) => name);

const lockedSentence = (name: string, cause: unknown): Error =>
  new Error(
    `${name} got no lock on its tables within five minutes: end the transactions that have been open for long ` +
      '(select pid, xact_start, query from pg_stat_activity order by xact_start), and migrate again.',
    { cause },
  );

async function grantSentence(orm: MikroORM, cause: unknown): Promise<Error> {
  const em = orm.em.fork() as unknown as SqlEntityManager;
  const facts = 'select current_user as "user", current_schema() as schema';
  const [row] = await em.execute<{ user: string; schema: string }[]>(facts);
  const { user, schema } = row!;
  return new Error(
    `The database user ${user} may not make tables in the schema ${schema}: ` +
      `run "grant create on schema ${schema} to ${user}" as its owner, or give the user a schema of its own ` +
      `("create schema keyway authorization ${user}") and a search_path that names it ` +
      `("alter role ${user} set search_path = keyway").`,
    { cause },
  );
}
