import type { Options } from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import { Logger } from '@nestjs/common';
import type { DatabaseSettings } from '../config/configuration.js';
import { reclaimDeadConnections } from './dead-connections.js';
import { entities } from './entities.js';
import { migrations } from './migrations.js';

const CONNECT_TIMEOUT = 5_000; // ms
const STATEMENT_TIMEOUT = 10_000; // ms
const ANSWER_TIMEOUT = 15_000; // ms; for a server that has fallen silent and cannot end the statement itself
const IDLE_IN_TRANSACTION_TIMEOUT = 15_000; // ms

const log = new Logger('Database');

const common = {
  entities,
  extensions: [Migrator],
  migrations: { migrationsList: migrations, snapshot: false, silent: true },
  colors: false,
  logger: (message: string) => log.warn(message),
} satisfies Partial<Options>;

/** MikroORM's options for either database; only the driver that is wanted is loaded. */
export const databaseOptions = (settings: DatabaseSettings): Promise<Partial<Options>> =>
  settings.kind === 'postgresql' ? postgresqlOptions(settings) : embeddedOptions(settings);

async function postgresqlOptions({
  url,
  poolMax,
}: DatabaseSettings & { kind: 'postgresql' }): Promise<Partial<Options>> {
  const { PostgreSqlDriver } = await import('@mikro-orm/postgresql');
  return {
    ...common,
    driver: PostgreSqlDriver,
    dbName: decodeURIComponent(new URL(url).pathname.slice(1)),
    // The driver reads the whole URL itself: the ORM would drop sslmode and its kin.
    driverOptions: {
      connectionString: url,
      max: poolMax,
      application_name: 'keyway',
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      statement_timeout: STATEMENT_TIMEOUT,
      query_timeout: ANSWER_TIMEOUT,
      keepAlive: true,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT,
      onPoolCreated: reclaimDeadConnections,
    },
  };
}

async function embeddedOptions({
  directory,
}: DatabaseSettings & { kind: 'embedded' }): Promise<Partial<Options>> {
  const [{ PgliteDriver }, { PGlite }] = await Promise.all([
    import('@mikro-orm/pglite'),
    import('@electric-sql/pglite'),
  ]);
  return {
    ...common,
    driver: PgliteDriver,
    dbName: directory,
    driverOptions: {
      startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB'],
      // Raw rows as the pg driver gives them: int8 as text, bytea as a Buffer.
      parsers: { 20: (text: string) => text, 17: (text: string) => Buffer.from(text.slice(2), 'hex') },
    },
  };
}
