import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSettings } from '../config/configuration.js';
import { loadDatabaseSettings } from '../config/load-configuration.js';
import type { Database } from '../database/database.js';
import { SCHEMA_BEHIND } from '../database/migrate.js';
import { OperatorError } from '../errors/operator-error.js';

const NOT_FOUND: ReadonlySet<string> = new Set(['app_not_found', 'key_not_found']);

/** Does `work` with the database of the environment, whatever its schema, and closes it. An embedded one may be new. */
export async function withAnyDatabase<T>(
  work: (database: Database) => Promise<T>,
  settings = loadDatabaseSettings(process.env),
): Promise<T> {
  const database = await open(settings);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/**
 * The same with a schema that is up to date: the embedded database is migrated, as a start of the service would do. It
 * has to be there, unless `mayBeNew`: else throws `no_database`.
 */
export async function withDatabase<T>(
  work: (database: Database) => Promise<T>,
  { mayBeNew = false }: { readonly mayBeNew?: boolean } = {},
): Promise<T> {
  const settings = loadDatabaseSettings(process.env);
  if (settings.kind === 'embedded' && !mayBeNew) await requireEmbedded(settings.directory);
  const done = withAnyDatabase(async (database) => {
    await bringUpToDate(database);
    return work(database);
  }, settings);
  return done.catch((error: unknown) => {
    throw settings.kind === 'embedded' ? sayingWhere(settings.directory, error) : error;
  });
}

async function bringUpToDate(database: Database): Promise<void> {
  if (database.isEmbedded) await database.migrate();
  else if ((await database.pendingMigrations()).length > 0) {
    throw new OperatorError('schema_behind', SCHEMA_BEHIND);
  }
}

/** An empty database would answer as if it were the one that was meant, of a service that has its DATABASE_URL. */
async function requireEmbedded(directory: string): Promise<void> {
  try {
    await access(join(directory, 'pglite', 'PG_VERSION'));
  } catch (cause) {
    const isMissing = ['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '');
    // Whatever else is in the way is for the database to say.
    if (!isMissing) return;
    throw new OperatorError(
      'no_database',
      `There is no database in ${directory}, and DATABASE_URL is not set: set DATABASE_URL to that of the service, ` +
        'or DATA_DIR to the directory of an embedded one; keyway app create makes one anew.',
      { cause },
    );
  }
}

/** What is not in the embedded database may be in the one that was meant. */
function sayingWhere(directory: string, error: unknown): unknown {
  if (!(error instanceof OperatorError) || !NOT_FOUND.has(error.code)) return error;
  const sentence = error.message.replace(/\.$/, '');
  const place = `in the embedded database in ${directory}, as DATABASE_URL is not set`;
  return new OperatorError(error.code, `${sentence} ${place}.`, { cause: error });
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
