import type { Pool } from 'pg';
import type { Use } from './connections.js';
import type { PostgresServers } from './postgres-servers.js';

const STATEMENT_TIMEOUT = 10_000; // ms
const LOCK_TIMEOUT: Readonly<Record<Use, number>> = { requests: 2_000, commands: 0 }; // ms; 0 is none
const ANSWER_TIMEOUT = 15_000; // ms; for a server that has fallen silent and cannot end the statement itself
const IDLE_IN_TRANSACTION_TIMEOUT = 15_000; // ms

/** What a session is to be set to; milliseconds. */
export interface SessionBounds {
  readonly statement_timeout: number;
  readonly lock_timeout: number;
  readonly idle_in_transaction_session_timeout: number;
}

const NAMES: readonly (keyof SessionBounds)[] = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
];
const ISOLATION = 'default_transaction_isolation';
const GOT = {
  text: 'select current_user as "user", name, setting from pg_settings where name = any($1)',
  values: [[...NAMES, ISOLATION]],
};

interface Got {
  readonly user: string;
  readonly name: string;
  readonly setting: string;
}

/**
 * What every connection is set to, and for how many milliseconds it waits for an answer. It is sent once the connection
 * stands, as PgBouncer refuses most settings at its start; those that the address names go before our own.
 */
export function splitSettings(
  { parameters }: PostgresServers,
  use: Use,
): { bounds: SessionBounds; answerTimeout: number } {
  const given = (name: string, fallback: number): number => {
    const text = parameters.get(name);
    return text !== null && /^\d+$/.test(text) ? Number(text) : fallback;
  };
  const bounds = {
    statement_timeout: given('statement_timeout', STATEMENT_TIMEOUT),
    lock_timeout: given('lock_timeout', LOCK_TIMEOUT[use]),
    idle_in_transaction_session_timeout: given(
      'idle_in_transaction_session_timeout',
      IDLE_IN_TRANSACTION_TIMEOUT,
    ),
  };
  // Not for the whole connection: a migration takes as long as its tables are large.
  return { bounds, answerTimeout: given('query_timeout', ANSWER_TIMEOUT) };
}

/** The statements that set a session. */
export const statementsFor = (bounds: SessionBounds): string[] => [
  ...NAMES.map((name) => `set ${name} = ${bounds[name]}`),
  // What waited for a lock has to see what was committed meanwhile: a stricter level compares and counts what was before.
  `set ${ISOLATION} = 'read committed'`,
];

/**
 * A warning for the operator where a session of the pool got other bounds than it was to get, as behind a pooler that gives
 * its connections by transaction; undefined where they hold.
 */
export async function boundsWarning(
  pool: Pick<Pool, 'query'>,
  bounds: SessionBounds,
): Promise<string | undefined> {
  const { rows } = await pool.query<Got>({ ...GOT }); // A pool writes its callback into what it is given.
  const role = `alter role "${rows[0]!.user}" set`;
  const mends = rows.flatMap(({ name, setting }) => {
    if (name === ISOLATION) return setting === 'read committed' ? [] : `${role} ${name} = 'read committed'`;
    const bound = bounds[name as keyof SessionBounds];
    const isBound = bound === 0 || (Number(setting) > 0 && Number(setting) <= bound);
    return isBound ? [] : `${role} ${name} = '${bound}ms'`;
  });
  return mends.length === 0
    ? undefined
    : 'Sessions of the database do not keep what Keyway sets, and a locked row or a slow statement may hold them for long. ' +
        `Set it for the role: ${mends.join('; ')}`;
}
