import type { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';

/** An arbitrary number that names the lock which migrating replicas wait for. */
const MIGRATION_LOCK = 5_393_217_044;

/** Brings the schema up to date; answers with the names of what it applied. For a database nobody else has open. */
export async function migrateAlone(orm: MikroORM): Promise<string[]> {
  return namesOf(await orm.migrator.up());
}

/** The same in one transaction under a lock, for any number of replicas at once. Needs two connections. */
export async function migrateTogether(orm: MikroORM): Promise<string[]> {
  const em = orm.em.fork() as unknown as SqlEntityManager;
  return em.transactional(async (tx) => {
    await tx.execute('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
    const transaction: object | undefined = tx.getTransactionContext<object>();
    return namesOf(await orm.migrator.up({ transaction }));
  });
}

/** The names of the migrations that the schema lacks; changes nothing but to make the migrator's own table. */
export async function pendingMigrations(orm: MikroORM): Promise<string[]> {
  return namesOf(await orm.migrator.getPending());
}

const namesOf = (migrations: readonly { readonly name: string }[]): string[] =>
  migrations.map(({ name }) => name);
