import { type DynamicModule, Global, Logger, Module } from '@nestjs/common';
import { Configuration, type DatabaseSettings } from '../config/configuration.js';
import { OperatorError } from '../errors/operator-error.js';
import type { Use } from './connections.js';
import { Database } from './database.js';
import { SCHEMA_BEHIND, schemaIsNewer } from './migrate.js';

/** Opens the database for requests, or for a command, when the application starts and closes it last. */
@Global()
@Module({})
export class DatabaseModule {
  static for(use: Use): DynamicModule {
    const provider = {
      provide: Database,
      inject: [Configuration],
      useFactory: ({ database }: Configuration) => openMigrated(database, use),
    };
    return { module: DatabaseModule, providers: [provider], exports: [Database] };
  }
}

/** The embedded database has no operator: it is migrated here. PostgreSQL is migrated by a command, never by a replica. */
async function openMigrated(settings: DatabaseSettings, use: Use): Promise<Database> {
  const database = await Database.open(settings, use);
  if (settings.kind === 'embedded') await database.migrate();
  else if ((await database.pendingMigrations()).length > 0) {
    await database.close();
    throw new OperatorError('schema_behind', SCHEMA_BEHIND);
  }
  const newer = await database.newerMigrations();
  if (newer.length > 0) {
    new Logger('Database').warn(schemaIsNewer(newer));
  }
  return database;
}
