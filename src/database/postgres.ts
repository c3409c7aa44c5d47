import { MikroORM } from '@mikro-orm/core';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { Logger } from '@nestjs/common';
import { type ClientBase, type Pool, type PoolClient, types } from 'pg';
import type { PostgresSettings } from '../config/configuration.js';
import {
  type CompiledQuery,
  type Connections,
  type OpenDatabase,
  type OpenTransaction,
  type QueryResult,
  readTimestamp,
  type TransactionMode,
  TYPE,
  type Use,
} from './connections.js';
import { currentBeneficiary } from './beneficiary.js';
import { BoundedClient, unlessGivenUp } from './bounded-client.js';
import { ormOptions } from './orm-options.js';
import { poolerOf } from './pooler.js';
import { PostgresClient } from './postgres-client.js';
import { PostgresProbe } from './postgres-probe.js';
import { inspectServer } from './postgres-server.js';
import { PostgresServers } from './postgres-servers.js';
import { boundsWarning, splitSettings, statementsFor } from './session-bounds.js';
import { SQL_STATE, sqlStateOf } from './sql-state.js';

const CONNECT_TIMEOUT = 5_000; // ms
const KEEP_ALIVE_AFTER = 10_000; // ms; Node would wait for as long as the system does, two hours on Linux

/**
 * Opens a pool of connections. Throws an Error with a sentence for the operator if the server cannot be reached or cannot
 * serve Keyway.
 */
export async function openPostgres(settings: PostgresSettings, use: Use): Promise<OpenDatabase> {
  const servers = new PostgresServers(settings);
  const { bounds, answerTimeout } = splitSettings(servers, use);
  const { schema } = await inspectServer(servers, CONNECT_TIMEOUT);
  // By transaction, what one client sets another would find.
  const isShared = (await poolerOf(servers, CONNECT_TIMEOUT)) === 'transaction';
  const lasting = isShared ? [] : statementsFor(bounds);
  const session = [READABLE, ...lasting].join('; ');
  const config = {
    application_name: 'keyway',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER,
  };
  const orm = await MikroORM.init({
    ...ormOptions,
    driver: PostgreSqlDriver,
    dbName: servers.database,
    schema,
    driverOptions: {
      ...config,
      Client: PostgresClient.of(servers),
      max: settings.poolMax,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      onConnect: (client: ClientBase) => client.query(configOf({ text: session, values: [] }, answerTimeout)),
    },
  });
  const pool = await orm.em.getConnection().getNativeClient();
  const warning = await boundsWarning(pool, bounds);
  if (warning !== undefined) new Logger('Database').warn(warning);
  const probe = new PostgresProbe(servers, config);
  const connections = new PostgresConnections(pool, answerTimeout, probe);
  const close = async (): Promise<void> => {
    await probe.close();
    await orm.close();
  };
  return { orm, connections, schema, close };
}

/** Timestamps are read in this format, also where database or role prefer another; PgBouncer keeps it for each client. */
const READABLE = `set datestyle = 'ISO, YMD'`;

const BEGIN: Readonly<Record<TransactionMode, string>> = {
  'read-write': 'begin isolation level read committed',
  snapshot: 'begin isolation level repeatable read read only',
};

const PARSERS = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (oid === TYPE.timestamptz) return readTimestamp;
    if (oid === TYPE.int8) return Number;
    return types.getTypeParser(oid, format) as (text: string) => unknown;
  },
};

/** A pool of PostgreSQL connections. A connection that may be of no more use never goes back into it. */
class PostgresConnections implements Connections {
  /** When somebody asked for a connection, if nobody was given one since; by the steady clock. */
  private starvedSince: number | null = null;

  /** @param answerTimeout milliseconds for which a statement waits for its answer. */
  constructor(
    private readonly pool: Pool,
    private readonly answerTimeout: number,
    private readonly probe: PostgresProbe,
  ) {}

  isWritable(): Promise<boolean> {
    return this.probe.isWritable();
  }

  get isFull(): boolean {
    const { waitingCount, idleCount, totalCount, options } = this.pool;
    return waitingCount > 0 && idleCount === 0 && totalCount >= options.max;
  }

  get starvedFor(): number {
    return this.starvedSince === null ? 0 : performance.now() - this.starvedSince;
  }

  async run(query: CompiledQuery): Promise<QueryResult> {
    // Each connection may have prepared it before.
    for (let others = this.pool.options.max; ; others--) {
      try {
        return await this.runOnce(query);
      } catch (error) {
        if (others === 0 || !isPreparedInVain(error)) throw error;
      }
    }
  }

  private async runOnce(query: CompiledQuery): Promise<QueryResult> {
    const client = await this.connect();
    let isBroken = false;
    try {
      return resultOf(await client.query(configOf(query, this.answerTimeout)));
    } catch (error) {
      isBroken = isConnectionBroken(error);
      throw error;
    } finally {
      client.release(isBroken);
    }
  }

  async begin(mode: TransactionMode): Promise<OpenTransaction> {
    const transaction = new PostgresTransaction(await this.connect(), this.answerTimeout);
    try {
      await transaction.run({ text: BEGIN[mode], values: [] });
      return transaction;
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
  }

  private async connect(): Promise<BoundedClient> {
    currentBeneficiary()?.signal.throwIfAborted();
    this.starvedSince ??= performance.now();
    const connecting = this.pool.connect();
    const client = await unlessGivenUp(connecting, () => giveBack(connecting));
    this.starvedSince = null;
    return new BoundedClient(client);
  }
}

/** A connection that comes after its request was given up. */
function giveBack(connecting: Promise<PoolClient>): void {
  connecting.then(
    (client) => client.release(),
    () => undefined,
  );
}

class PostgresTransaction implements OpenTransaction {
  private hasEnded = false;
  private isBroken = false;

  constructor(
    private readonly client: BoundedClient,
    private readonly answerTimeout: number,
  ) {}

  async run(query: CompiledQuery): Promise<QueryResult> {
    try {
      return resultOf(await this.client.query(configOf(query, this.answerTimeout)));
    } catch (error) {
      this.isBroken ||= isConnectionBroken(error);
      throw error;
    }
  }

  async commit(): Promise<void> {
    try {
      const { command } = await this.client.query(
        configOf({ text: 'commit', values: [] }, this.answerTimeout),
      );
      // PostgreSQL's answer, and no error, where a statement failed before.
      if (command === 'ROLLBACK')
        throw new Error('The transaction was rolled back: a statement of it had failed.');
      this.release();
    } catch (error) {
      this.isBroken = true;
      this.release();
      throw error;
    }
  }

  async rollback(): Promise<void> {
    if (this.hasEnded) return;
    // On a connection that has fallen silent the rollback would wait as long again as what failed.
    if (!this.isBroken) {
      await this.run({ text: 'rollback', values: [] }).catch(() => {
        this.isBroken = true;
      });
    }
    this.release();
  }

  private release(): void {
    this.hasEnded = true;
    this.client.release(this.isBroken);
  }
}

const OF_THE_CONNECTION: readonly string[] = [
  // After a failover it is connected to a server that only reads, and stays so for as long as it is kept.
  SQL_STATE.readOnlyTransaction,
  // What it has prepared answers with other columns since a migration, or was deallocated by a pooler.
  SQL_STATE.featureNotSupported,
  SQL_STATE.invalidStatementName,
];

/** SQLSTATEs after which the server closes the connection: shutdown, a lost connection, an idle transaction. */
const ENDS_THE_CONNECTION = /^(57P\d\d|08\w{3}|25P03)$/;

/** Whether the next statement on the connection would fail as well, or wait for an answer that never comes. */
function isConnectionBroken(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === undefined || state.length !== 5) return true;
  return OF_THE_CONNECTION.includes(state) || ENDS_THE_CONNECTION.test(state);
}

/** Whether a statement was not begun because what was prepared of it answers otherwise since a migration, or is gone. */
function isPreparedInVain(error: unknown): boolean {
  const { routine } = (error ?? {}) as { readonly routine?: unknown };
  return routine === 'RevalidateCachedQuery' || sqlStateOf(error) === SQL_STATE.invalidStatementName;
}

const configOf = ({ name, text, values }: CompiledQuery, answerTimeout: number) => ({
  ...(name !== undefined && { name }),
  text,
  values: values as unknown[],
  types: PARSERS,
  query_timeout: answerTimeout,
});

const resultOf = ({ rows, rowCount }: { rows: unknown[]; rowCount: number | null }): QueryResult => ({
  rows,
  count: rowCount ?? 0,
});
