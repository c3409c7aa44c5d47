import type { Options } from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import { Logger } from '@nestjs/common';
import { entities } from './entities.js';
import { migrations } from './migrations.js';

const log = new Logger('Database');

/** MikroORM's options that do not depend on which database it is. */
export const ormOptions = {
  entities,
  // A foreign key shares its columns with the properties that name them one by one.
  discovery: { checkDuplicateFieldNames: false },
  extensions: [Migrator],
  // Each migration is on its own: those that build indexes concurrently cannot be part of a transaction.
  migrations: { migrationsList: migrations, snapshot: false, silent: true, allOrNothing: false },
  // Migrations have triggers for what replicas of the version before write; entities have none.
  schemaGenerator: { ignoreTriggers: true },
  colors: false,
  logger: (message: string) => log.warn(message),
} satisfies Partial<Options>;
