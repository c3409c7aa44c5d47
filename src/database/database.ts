import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import type { PGlite } from '@electric-sql/pglite';
import { IsolationLevel, MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import type { OnApplicationShutdown } from '@nestjs/common';
import { CompiledQuery } from 'kysely';
import type { Pool, QueryResultRow } from 'pg';
import type { DatabaseSettings } from '../config/configuration.js';
import { connectionError } from './connection-error.js';
import { databaseOptions } from './database-options.js';
import { type DirectoryLock, lockDirectory } from './directory-lock.js';
import { migrateAlone, migrateTogether, pendingMigrations } from './migrate.js';
import type { Queryable, Statement } from './statement.js';

type Run = <Row>(statement: Statement, values: readonly unknown[]) => Promise<{ rows: Row[] }>;

/** The service's database: PostgreSQL, or PGlite in a directory that this process then has to itself. */
export class Database implements Queryable, OnApplicationShutdown {
  private constructor(
    readonly orm: MikroORM,
    private readonly run: Run,
    private readonly lock: DirectoryLock | null,
  ) {}

  /** Connects; throws a sentence if there is no PostgreSQL, or another process holds the embedded database. */
  static async open(settings: DatabaseSettings): Promise<Database> {
    const lock = settings.kind === 'embedded' ? await lockDirectory(settings.directory) : null;
    try {
      const orm = await MikroORM.init(await databaseOptions(await locate(settings)));
      return new Database(orm, await runnerOf(orm, settings), lock);
    } catch (error) {
      lock?.release();
      throw settings.kind === 'postgresql' ? connectionError(settings.url, error) : error;
    }
  }

  get em(): SqlEntityManager {
    return this.orm.em as unknown as SqlEntityManager;
  }

  /** Runs one prepared statement outside of every transaction. */
  async query<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    return (await this.run<Row>(statement, values)).rows;
  }

  /**
   * Commits what `work` did, or rolls all of it back if it throws. Inside, only the transaction given may be used:
   * the embedded database has but one connection.
   */
  transaction<T>(work: (tx: DatabaseTransaction) => Promise<T>): Promise<T> {
    return this.em.fork().transactional((em) => work(new DatabaseTransaction(em)));
  }

  /** What `read` gives, all of it as it was at one moment, however long it takes. */
  async *snapshot<T>(read: (tx: DatabaseTransaction) => AsyncGenerator<T>): AsyncGenerator<T> {
    const em = this.em.fork();
    await em.begin({ isolationLevel: IsolationLevel.REPEATABLE_READ, readOnly: true });
    try {
      yield* read(new DatabaseTransaction(em));
    } finally {
      await em.rollback();
    }
  }

  /** Whether it is PGlite, which nobody but this process has open. */
  get isEmbedded(): boolean {
    return this.lock !== null;
  }

  /** Applies what is missing of the schema; any number of replicas may do so at once. */
  migrate(): Promise<string[]> {
    return this.isEmbedded ? migrateAlone(this.orm) : migrateTogether(this.orm);
  }

  /** The names of the migrations that the schema lacks. */
  pendingMigrations(): Promise<string[]> {
    return pendingMigrations(this.orm);
  }

  async close(): Promise<void> {
    await this.orm.close();
    this.lock?.release();
  }

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}

/** One open transaction: statements through `query`, rows of entities through `em`. */
export class DatabaseTransaction implements Queryable {
  constructor(readonly em: SqlEntityManager) {}

  async query<Row extends object>({ text }: Statement, values: readonly unknown[]): Promise<Row[]> {
    const { rows } = await this.em.getKysely().executeQuery<Row>(CompiledQuery.raw(text, [...values]));
    return rows;
  }
}

async function locate(settings: DatabaseSettings): Promise<DatabaseSettings> {
  if (settings.kind === 'postgresql') return settings;
  const directory = join(settings.directory, 'pglite');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return { ...settings, directory };
}

/** Goes past the ORM to the driver, whose prepared statements bind values where the ORM writes them out. */
async function runnerOf(orm: MikroORM, settings: DatabaseSettings): Promise<Run> {
  const client = await orm.em.getConnection().getNativeClient();
  if (settings.kind === 'embedded') {
    const pglite = client as PGlite;
    return <Row>({ text }: Statement, values: readonly unknown[]) => pglite.query<Row>(text, [...values]);
  }
  const pool = client as Pool;
  return <Row>({ name, text }: Statement, values: readonly unknown[]) =>
    pool.query<Row & QueryResultRow>({ name, text, values: [...values] });
}
