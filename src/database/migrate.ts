import type { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { SQL_STATE, sqlStateOf } from './sql-state.js';

/** An arbitrary number that names the lock which migrating replicas wait for. */
const MIGRATION_LOCK = 5_393_217_044;

/** What to do about a schema that lacks migrations; said by the service and by the command line. */
export const SCHEMA_BEHIND =
  'The database schema is not up to date: run `npm run migrate` (in the image: `keyway migrate`) first.';

/** Applies the missing migrations and answers with their names. For a database that only this process has open. */
export async function migrateAlone(orm: MikroORM): Promise<string[]> {
  return namesOf(await orm.migrator.up());
}

/**
 * The same in one transaction under a lock, for any number of replicas at once. Needs two connections. Throws an Error
 * that says what to grant if the database user may make no tables.
 */
export async function migrateTogether(orm: MikroORM): Promise<string[]> {
  const em = orm.em.fork() as unknown as SqlEntityManager;
  try {
    return await em.transactional(async (tx) => {
      // It waits for another replica's migrations, and its own may rewrite large tables.
      await tx.execute('set local statement_timeout = 0');
      await tx.execute('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
      const transaction: object | undefined = tx.getTransactionContext<object>();
      return namesOf(await orm.migrator.up({ transaction }));
    });
  } catch (error) {
    throw sqlStateOf(error) === SQL_STATE.insufficientPrivilege ? await grantSentence(em, error) : error;
  }
}

/** The names of the migrations that the schema lacks; changes nothing but to make the migrator's own table. */
export async function pendingMigrations(orm: MikroORM): Promise<string[]> {
  return namesOf(await orm.migrator.getPending());
}

const namesOf = (migrations: readonly { readonly name: string }[]): string[] =>
  migrations.map(({ name }) => name);

async function grantSentence(em: SqlEntityManager, cause: unknown): Promise<Error> {
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
