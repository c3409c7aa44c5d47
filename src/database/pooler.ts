import { SQL_STATE, sqlStateOf } from './sql-state.js';
import { PostgresClient } from './postgres-client.js';
import type { PostgresServers } from './postgres-servers.js';

const ROUNDS = 5;
/** Prepared under one name on both connections, as every statement of Keyway is. */
const WHO = { name: 'keyway.who', text: 'select pg_backend_pid() as pid' };

/** What stands in front of the server: nothing, or a pooler that gives its connections by session or by transaction. */
export type Pooler = 'none' | 'session' | 'transaction';

/**
 * Finds out whether a pooler stands in front of the server; by transaction no setting of a session lasts. Throws an Error with a sentence if it does so without telling their prepared statements apart.
 *
 * @param timeout milliseconds for each step.
 */
export async function poolerOf(servers: PostgresServers, timeout: number): Promise<Pooler> {
  const config = {
    application_name: 'keyway',
    connectionTimeoutMillis: timeout,
    query_timeout: timeout,
  };
  const [one, other] = [new PostgresClient(servers, config), new PostgresClient(servers, config)];
  for (const client of [one, other]) client.on('error', () => undefined);
  try {
    await one.connect();
    // Of a pooler's own making, if there is one; else that of the process which serves it.
    if ((await pidOf(one)) === one.processID) return 'none';
    await other.connect();
    const [ones, others] = [new Set<number>(), new Set<number>()];
    for (let round = 0; round < ROUNDS; round++) {
      ones.add(await pidOf(one));
      others.add(await pidOf(other));
    }
    const isShared = ones.size > 1 || others.size > 1 || [...ones].some((pid) => others.has(pid));
    return isShared ? 'transaction' : 'session';
  } catch (error) {
    const isMixedUp = [SQL_STATE.duplicatePreparedStatement, SQL_STATE.invalidStatementName].some(
      (it) => it === sqlStateOf(error),
    );
    throw isMixedUp ? mixedUp(servers, error) : error;
  } finally {
    await Promise.all([one, other].map((client) => client.end().catch(() => undefined)));
  }
}

const pidOf = async (client: PostgresClient): Promise<number> =>
  (await client.query<{ pid: number }>(WHO)).rows[0]!.pid;

const mixedUp = ({ place }: PostgresServers, cause: unknown): Error =>
  new Error(
    `The pooler at ${place} gives one connection to several clients and mixes up their prepared statements: set ` +
      'pool_mode = session, or run PgBouncer 1.24 or later with max_prepared_statements above 0.',
    { cause },
  );
