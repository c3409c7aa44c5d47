import type { Options } from '@mikro-orm/core';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { ormOptions } from './orm-options.js';
import { PostgresClient } from './postgres-client.js';
import { inspectServer } from './postgres-server.js';
import { PostgresServers } from './postgres-servers.js';

const CONNECT_TIMEOUT = 5_000; // ms

/**
 * What MikroORM's own command line works with (`npx mikro-orm migration:check`): the database of DATABASE_URL, in the
 * schema that Keyway uses there. New migrations are written to `src/database/migrations`; list them in `migrations.ts`.
 */
export default async (): Promise<Partial<Options>> => {
  const url = process.env.DATABASE_URL;
  if (!url) throw new Error('Set DATABASE_URL to a PostgreSQL database for the commands of MikroORM.');
  const servers = new PostgresServers({ url });
  const { schema } = await inspectServer(servers, CONNECT_TIMEOUT);
  return {
    ...ormOptions,
    driver: PostgreSqlDriver,
    dbName: servers.database,
    schema,
    driverOptions: { Client: PostgresClient.of(servers) },
    migrations: {
      ...ormOptions.migrations,
      silent: false,
      emit: 'ts',
      path: 'src/database/migrations',
      fileName: (timestamp, name) => `Migration${timestamp}${name ? `_${name}` : ''}`,
    },
  };
};
