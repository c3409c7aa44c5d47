import { MikroORM } from '@mikro-orm/core';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { Compilable } from 'kysely';
import type { DatabaseSettings } from '../config/configuration.js';
import { currentBeneficiary } from './beneficiary.js';
import type { CompiledQuery, OpenDatabase, OpenTransaction, QueryResult, Use } from './connections.js';
import { openEmbedded } from './embedded.js';
import {
  migrate,
  type MigrateOptions,
  newerMigrations,
  pendingMigrations,
  type PlannedMigration,
  plannedMigrations,
} from './migrate.js';
import { openPostgres } from './postgres.js';
import { PreparedQueries, type Query, type SqlBuilder } from './query.js';
import { UserTurns } from './user-turns.js';

/** What runs queries: the database, each in a transaction of its own, or one open transaction. */
export interface Queryable {
  /** The rows that a query answers with. */
  run<Values extends object, Row>(query: Query<Values, Row>, values: Values): Promise<Row[]>;
  /** How many rows a query wrote or deleted. */
  count<Values extends object>(query: Query<Values, unknown>, values: Values): Promise<number>;
  /** Does `work`, which must not throw, once what was run is committed, and not at all if it never is. */
  afterCommit(work: () => void): void;
}

/** The service's database: PostgreSQL, or PGlite in a directory that this process then has to itself. */
export class Database implements Queryable, OnApplicationShutdown {
  private readonly queries: PreparedQueries;

  private constructor(
    private readonly open: OpenDatabase,
    private readonly turns: UserTurns,
    /** Whether it is PGlite, which only this process has open. */
    readonly isEmbedded: boolean,
  ) {
    this.queries = new PreparedQueries(open.schema);
  }

  /**
   * Connects. `use` says how long statements wait for locks. Throws an Error with a sentence for the operator if PostgreSQL
   * cannot be reached or cannot serve Keyway, or if another process has the embedded database open.
   */
  static async open(settings: DatabaseSettings, use: Use): Promise<Database> {
    return settings.kind === 'embedded'
      ? new Database(await openEmbedded(settings.directory), new UserTurns(Infinity), true)
      : new Database(await openPostgres(settings, use), new UserTurns(settings.poolMax), false);
  }

  /** The ORM, for the schema alone: migrations, and tests that compare it with the entities. */
  get orm(): MikroORM {
    return this.open.orm;
  }

  async run<Values extends object, Row>(query: Query<Values, Row>, values: Values): Promise<Row[]> {
    const { rows } = await this.runInTurn(this.queries.fill(query, values));
    return rows as Row[];
  }

  async count<Values extends object>(query: Query<Values, unknown>, values: Values): Promise<number> {
    return (await this.runInTurn(this.queries.fill(query, values))).count;
  }

  afterCommit(work: () => void): void {
    work();
  }

  /** Runs a query that is put together as it is asked, and therefore not prepared. */
  async ask<Row>(build: (db: SqlBuilder) => Compilable<Row>): Promise<Row[]> {
    const { sql: text, parameters: values } = build(this.queries.builder).compile();
    return (await this.runInTurn({ text, values })).rows as Row[];
  }

  /**
   * Commits what `work` did, or rolls all of it back if it throws. Inside `work` only `tx` may be used: the embedded
   * database has one connection.
   */
  transaction<T>(work: (tx: DatabaseTransaction) => Promise<T>): Promise<T> {
    return this.inTurn(() => this.transact(work));
  }

  private async transact<T>(work: (tx: DatabaseTransaction) => Promise<T>): Promise<T> {
    const open = await this.open.connections.begin('read-write');
    try {
      const tx = new DatabaseTransaction(open, this.queries);
      const result = await work(tx);
      await open.commit();
      tx.announceCommit();
      return result;
    } catch (error) {
      await open.rollback();
      throw error;
    }
  }

  private runInTurn(query: CompiledQuery): Promise<QueryResult> {
    return this.inTurn(() => this.open.connections.run(query));
  }

  /** Every use of a connection on behalf of a user passes here. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.inTurn(currentBeneficiary()?.user ?? null, work);
  }

  /** Yields what `read` yields, all of it as it was when the first row was read. */
  async *snapshot<T>(read: (tx: DatabaseTransaction) => AsyncGenerator<T>): AsyncGenerator<T> {
    const open = await this.open.connections.begin('snapshot');
    try {
      yield* read(new DatabaseTransaction(open, this.queries));
    } finally {
      await open.rollback();
    }
  }

  /**
   * Whether it accepts writes, asked past whatever requests wait for; throws if it does not answer. A primary that was
   * demoted in a failover only reads.
   */
  isWritable(): Promise<boolean> {
    return this.open.connections.isWritable();
  }

  /** Whether requests wait because others use every connection. */
  get isFull(): boolean {
    return this.open.connections.isFull;
  }

  /** Milliseconds for which nobody who asked for a connection was given one; 0 if the last one to ask was. */
  get starvedFor(): number {
    return this.open.connections.starvedFor;
  }

  /** The database's clock, milliseconds since the epoch. */
  async readClock(): Promise<number> {
    const text = `select clock_timestamp() as now`;
    const { rows } = await this.open.connections.run({ name: 'database.read-clock', text, values: [] });
    return (rows as { now: Date }[])[0]!.now.getTime();
  }

  /** Applies the migrations that the schema lacks and answers with their names; any number of replicas may do so at once. */
  migrate(options: MigrateOptions = {}): Promise<string[]> {
    return migrate(this.orm, options);
  }

  /** The names of the migrations that the schema lacks. */
  pendingMigrations(): Promise<string[]> {
    return pendingMigrations(this.orm);
  }

  /** The same with what each of them will run; runs nothing of it. */
  plannedMigrations(): Promise<PlannedMigration[]> {
    return plannedMigrations(this.orm);
  }

  /** The names of migrations that a newer version has applied, which this one does not know. */
  newerMigrations(): Promise<string[]> {
    return newerMigrations(this.orm);
  }

  close(): Promise<void> {
    return this.open.close();
  }

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}

/** One open transaction. */
export class DatabaseTransaction implements Queryable {
  private readonly works: (() => void)[] = [];

  constructor(
    private readonly open: OpenTransaction,
    private readonly queries: PreparedQueries,
  ) {}

  /** From now on a statement fails that waits longer than this for a lock, with SQLSTATE 55P03. */
  async limitLockWait(milliseconds: number): Promise<void> {
    await this.open.run({ text: `set local lock_timeout = ${Math.ceil(milliseconds)}`, values: [] });
  }

  async run<Values extends object, Row>(query: Query<Values, Row>, values: Values): Promise<Row[]> {
    return (await this.open.run(this.queries.fill(query, values))).rows as Row[];
  }

  afterCommit(work: () => void): void {
    this.works.push(work);
  }

  /** Does what waited for the commit. */
  announceCommit(): void {
    for (const work of this.works) work();
  }

  async count<Values extends object>(query: Query<Values, unknown>, values: Values): Promise<number> {
    return (await this.open.run(this.queries.fill(query, values))).count;
  }
}
