import { Client } from 'pg';
import type { TestApp } from './build-app.js';
import { eventually } from './eventually.js';
import { count } from './tables.js';

/** Does `work` while another connection holds what the statement locks, then commits; `work` may go on after that. */
export async function whileHolding<T>(
  { configuration: { database } }: Pick<TestApp, 'configuration'>,
  [statement, ...values]: [statement: string, ...values: unknown[]],
  work: () => Promise<T> | T,
): Promise<T> {
  const client = new Client({ connectionString: database.kind === 'postgresql' ? database.url : '' });
  await client.connect();
  try {
    await client.query('begin');
    await client.query(statement, values);
    return await work();
  } finally {
    await client.query('commit');
    await client.end();
  }
}

/** How many statements that contain `part` wait for a lock in the app's database. */
export const waiting = (app: Pick<TestApp, 'database'>, part: string): Promise<number> =>
  count(
    app,
    `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
       and position($1 in replace(replace(query, '"public".', ''), '"', '')) > 0`,
    part,
  );

/** Resolves once as many statements with `part` wait for a lock; fails if they never do. */
export const untilWaiting = (app: Pick<TestApp, 'database'>, part: string, statements = 1): Promise<void> =>
  eventually(async () => expect(await waiting(app, part)).toBe(statements));
