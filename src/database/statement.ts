/** SQL with `$1` placeholders under a name of its own: PostgreSQL plans it once for each connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export type { Queryable } from './database.js';

/** Names a statement; the name must be unique in the service and tell where it is from (`devices.of-user`). */
export const statement = (name: string, text: string): Statement => ({ name, text });

/** A timestamp of a raw row, which arrives as PostgreSQL's text. */
export const toDate = (value: string | Date): Date => new Date(value);
