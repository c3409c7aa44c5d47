import type { DatabaseSettings } from '../config/configuration.js';
import { loadDatabaseSettings } from '../config/load-configuration.js';
import type { Database } from '../database/database.js';
import { OperatorError } from '../flex/operator-error.js';

/** Does `work` with the database of the environment, whatever its schema, and closes it. */
export async function withAnyDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const settings = loadDatabaseSettings(process.env);
  const database = await open(settings);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** The same with a schema that is up to date: the embedded database is migrated, as a start of the service would do. */
export function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  return withAnyDatabase(async (database) => {
    if (database.isEmbedded) await database.migrate();
    else if ((await database.pendingMigrations()).length > 0) {
      throw new OperatorError(
        'schema_behind',
        'The database schema is not up to date: run keyway migrate first.',
      );
    }
    return work(database);
  });
}

/** Loads the ORM only now: help and mistakes are answered without it. */
async function open(settings: DatabaseSettings): Promise<Database> {
  const [{ Logger }, { Database }] = await Promise.all([
    import('@nestjs/common'),
    import('../database/database.js'),
  ]);
  // What the service would log has no place among the answers.
  Logger.overrideLogger(false);
  return Database.open(settings);
}
