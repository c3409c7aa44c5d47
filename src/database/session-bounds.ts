import type { Pool } from 'pg';

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
export async function boundsWarning(pool: Pool, bounds: SessionBounds): Promise<string | undefined> {
  const { rows } = await pool.query<Got>(GOT);
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
