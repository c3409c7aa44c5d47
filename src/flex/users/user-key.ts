import { type Statement, statement } from '../../database/statement.js';

/** How a caller names a user of an app: by the application's own id, or by ours. */
export type UserKey = { readonly externalId: string } | { readonly id: string };

/** One statement for either way of naming a user; `$2` is the name. */
export interface StatementByUser {
  readonly byExternalId: Statement;
  readonly byId: Statement;
}

/** @param text gets the column of `flex_users`, called `u`, that is compared with `$2`. */
export const statementByUser = (name: string, text: (column: string) => string): StatementByUser => ({
  byExternalId: statement(`${name}.by-external-id`, text('u.external_id')),
  byId: statement(`${name}.by-id`, text('u.id')),
});

/** The statement for a user as they are named, and the name. */
export const addressed = (statements: StatementByUser, user: UserKey): [Statement, string] =>
  'id' in user ? [statements.byId, user.id] : [statements.byExternalId, user.externalId];
