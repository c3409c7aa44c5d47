import type { Compilable } from 'kysely';
import { type Query, query, type SqlBuilder } from '../database/query.js';
import type { UserKey } from './user-key.js';

/** The column of `flex_users`, called `u`, that a user's name is compared with. */
type NameColumn = 'u.id' | 'u.external_id';

/** A query and its values, as `run` takes them. */
type Call<Values extends object, Row> = [query: Query<Values, Row>, values: Values];

/**
 * Writes one query for either way of naming a user: `build` compares `column` with `$.user`. Gives what `run` needs for
 * one user: `database.run(...LIST(user, { appId }))`.
 */
export function queryByUser<Values extends { user: string }, Row>(
  name: string,
  build: (db: SqlBuilder, $: Values, column: NameColumn) => Compilable<Row>,
): (user: UserKey, values: Omit<Values, 'user'>) => Call<Values, Row> {
  const byId = query(`${name}.by-id`, (db, $: Values) => build(db, $, 'u.id'));
  const byExternalId = query(`${name}.by-external-id`, (db, $: Values) => build(db, $, 'u.external_id'));
  return (user, values) =>
    'id' in user
      ? [byId, { ...values, user: user.id } as Values]
      : [byExternalId, { ...values, user: user.externalId } as Values];
}
