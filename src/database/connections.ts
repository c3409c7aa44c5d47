import type { MikroORM } from '@mikro-orm/core';

/** A statement with its values; it is prepared under its name where it has one. */
export interface CompiledQuery {
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The rows of a statement, and how many rows it read, wrote or deleted. */
export interface QueryResult {
  readonly rows: readonly unknown[];
  readonly count: number;
}

/**
 * What a database is opened for: `requests`, which give up a lock that others hold for long rather than keep their
 * connection from everybody else, or `commands`, such as migrations and imports, which wait for it.
 */
export type Use = 'requests' | 'commands';

/** How a transaction begins: to write, or to read all as it was at one moment. */
export type TransactionMode = 'read-write' | 'snapshot';

/** A transaction on a connection of its own, which it gives back when it ends. */
export interface OpenTransaction {
  run(query: CompiledQuery): Promise<QueryResult>;
  /** Throws if the database did not confirm; whether it committed is then not known. */
  commit(): Promise<void>;
  /** Never throws, and does nothing after the end. */
  rollback(): Promise<void>;
}

/** What {@link Database} runs on: a pool of PostgreSQL connections, or the one of the embedded PGlite. */
export interface Connections {
  run(query: CompiledQuery): Promise<QueryResult>;
  begin(mode: TransactionMode): Promise<OpenTransaction>;
  /**
   * Whether the database accepts writes, asked past whatever requests wait for; a primary that was demoted in a failover
   * only reads. Throws if it does not answer.
   */
  isWritable(): Promise<boolean>;
  /** Whether requests wait because others use every connection. */
  readonly isFull: boolean;
  /** Milliseconds for which nobody who asked for a connection was given one; 0 if the last one to ask was. */
  readonly starvedFor: number;
}

/** An open database: what Keyway's queries run on, and the ORM that keeps its schema. */
export interface OpenDatabase {
  readonly orm: MikroORM;
  readonly connections: Connections;
  /** The schema that the tables are in. */
  readonly schema: string;
  /** Closes all of it. */
  close(): Promise<void>;
}

const SHORT_OFFSET = /[+-]\d\d$/;

/** A timestamptz in DateStyle ISO (`2026-11-26 00:31:21.5+00`) as a Date, to the millisecond. Throws for anything else. */
export function readTimestamp(text: string): Date {
  const date = new Date(`${text.replace(' ', 'T')}${SHORT_OFFSET.test(text) ? ':00' : ''}`);
  if (Number.isNaN(date.getTime()))
    throw new TypeError('A timestamp of the database is not in DateStyle ISO.');
  return date;
}

/** PostgreSQL's types that are read otherwise than their drivers do, by object id. */
export const TYPE = { bytea: 17, int8: 20, timestamptz: 1184 } as const;
