import { Global, Module } from '@nestjs/common';
import { Configuration, type DatabaseSettings } from '../config/configuration.js';
import { OperatorError } from '../errors/operator-error.js';
import { Database } from './database.js';
import { SCHEMA_BEHIND } from './migrate.js';

/** Opens the database when the application starts and closes it last. */
@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [Configuration],
      useFactory: ({ database }: Configuration) => openMigrated(database),
    },
  ],
  exports: [Database],
})
export class DatabaseModule {}

/** The embedded database has no operator: it is migrated here. PostgreSQL is migrated by a command, never by a replica. */
async function openMigrated(settings: DatabaseSettings): Promise<Database> {
  const database = await Database.open(settings);
  if (settings.kind === 'embedded') await database.migrate();
  else if ((await database.pendingMigrations()).length > 0) {
    await database.close();
    throw new OperatorError('schema_behind', SCHEMA_BEHIND);
  }
  return database;
}
