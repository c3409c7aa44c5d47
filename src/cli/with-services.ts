import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { loadEnvFile } from '../config/environment.js';
import type { Database } from '../database/database.js';
import { AppError } from '../errors/app-error.js';
import { ERROR_TABLE } from '../errors/error-table.js';
import { OperatorError } from '../errors/operator-error.js';
import type { Services } from './services.js';

const NOT_FOUND: ReadonlySet<string> = new Set([
  'app_not_found',
  'key_not_found',
  'user_not_found',
  'device_not_found',
  'webhook_not_found',
]);

/**
 * Does `work` with the services on the database of the environment, whose schema has to be up to date; the embedded one is
 * migrated, as a start of the service would do, and has to be there, unless it `mayBeNew`: else throws `no_database`.
 */
export async function withServices<T>(
  work: (services: Services) => Promise<T>,
  { mayBeNew = false }: { readonly mayBeNew?: boolean } = {},
): Promise<T> {
  const settings = await databaseSettings();
  const directory = settings.kind === 'embedded' ? settings.directory : null;
  if (directory !== null && !mayBeNew) await requireEmbedded(directory);
  // Nest and the ORM are loaded only now: help and mistakes are answered without them.
  const { openServices } = await import('./services.js');
  const { services, close } = await openServices(settings);
  return work(services)
    .catch((error: unknown) => {
      throw sayingWhere(directory, error instanceof AppError ? inWords(error) : error);
    })
    .finally(close);
}

/** Does `work` with the database, whose schema may be behind. An embedded one may be new. */
export async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const settings = await databaseSettings();
  const { Logger } = await import('@nestjs/common');
  Logger.overrideLogger(false);
  const { Database } = await import('../database/database.js');
  const database = await Database.open(settings, 'commands');
  return work(database).finally(() => database.close());
}

async function databaseSettings() {
  loadEnvFile();
  const { loadDatabaseSettings } = await import('../config/load-configuration.js');
  return loadDatabaseSettings();
}

/** An empty database would answer as if it were the one that was meant, of a service that has its DATABASE_URL. */
async function requireEmbedded(directory: string): Promise<void> {
  try {
    await access(join(directory, 'pglite', 'PG_VERSION'));
  } catch (cause) {
    const isMissing = ['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '');
    // Anything else that is in the way is for the database to say.
    if (!isMissing) return;
    throw new OperatorError(
      'no_database',
      `There is no database in ${directory}, and DATABASE_URL is not set: set DATABASE_URL to that of the service, ` +
        'or DATA_DIR to the directory of an embedded one; keyway app create makes one anew.',
      { cause },
    );
  }
}

const inWords = (error: AppError): OperatorError =>
  new OperatorError(error.code, error.detail ?? `${ERROR_TABLE[error.code].sentence}.`, { cause: error });

/** What is not in the embedded database may be in the one that was meant. */
function sayingWhere(directory: string | null, error: unknown): unknown {
  if (directory === null || !(error instanceof OperatorError) || !NOT_FOUND.has(error.code)) return error;
  const sentence = error.message.replace(/\.$/, '');
  const place = `in the embedded database in ${directory}, as DATABASE_URL is not set`;
  return new OperatorError(error.code, `${sentence} ${place}.`, { cause: error });
}
