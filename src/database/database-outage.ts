import { type OutageCode, Unavailable } from '../errors/unavailable.js';

const RETRY_AFTER = 2; // seconds

/** The ORM wraps what the driver throws. */
const MAX_DEPTH = 5;

type Thrown =
  { readonly code?: unknown; readonly message?: unknown; readonly cause?: unknown } | null | undefined;

/** Why the database fails, as the log says it; `docs/codes.md` explains each. */
export const DATABASE_REASONS = [
  'deadlock',
  'serialization_failure',
  'lock_timeout',
  'statement_timeout',
  'pool_exhausted',
  'unreachable',
  'connect_timeout',
  'connection_lost',
  'answer_timeout',
  'login_refused',
  'read_only',
  'out_of_resources',
  'too_many_open_files',
] as const;

type Signs = readonly (readonly [
  sign: RegExp,
  code: OutageCode,
  reason: (typeof DATABASE_REASONS)[number],
])[];

/** SQLSTATEs, and the codes that Node gives errors of the network. */
const CODES: Signs = [
  [/^40P01$/, 'database_busy', 'deadlock'],
  [/^40001$/, 'database_busy', 'serialization_failure'],
  [/^55P03$/, 'database_busy', 'lock_timeout'],
  [/^57014$/, 'database_busy', 'statement_timeout'],
  // After a failover: a connection to the server that was the primary, or to one that follows it.
  [/^25006$/, 'database_unavailable', 'read_only'],
  [/^E[MN]FILE$/, 'database_unavailable', 'too_many_open_files'],
  // A password that is just being changed, or `pg_hba.conf`.
  [/^28\w{3}$/, 'database_unavailable', 'login_refused'],
  // A full disk, no memory, or `max_connections`: the SQLSTATE says which.
  [/^53\w{3}$/, 'database_unavailable', 'out_of_resources'],
  [/^(08\w{3}|57P\d\d|25P03|ECONNRESET|EPIPE)$/, 'database_unavailable', 'connection_lost'],
  [
    /^(ECONN\w+|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/,
    'database_unavailable',
    'unreachable',
  ],
];

/** The driver's own errors have no code, but texts that never change. */
const TEXTS: Signs = [
  [/^timeout exceeded when trying to connect$/, 'database_busy', 'pool_exhausted'],
  [
    /^(Connection terminated due to connection timeout|timeout expired)$/,
    'database_unavailable',
    'connect_timeout',
  ],
  [/^Query read timeout$/, 'database_unavailable', 'answer_timeout'],
  [
    /^(Connection terminated|Client has encountered a connection error|Client was closed)/,
    'database_unavailable',
    'connection_lost',
  ],
];

/**
 * Tells an outage from a bug: `database_busy` for what succeeds as soon as others are done, `database_unavailable` for a
 * database that is out of reach or only reads; null for any other error. The reason tells each kind apart in the log.
 */
export function databaseOutage(thrown: unknown): Unavailable | null {
  for (
    let error = thrown as Thrown, depth = 0;
    error && depth < MAX_DEPTH;
    error = error.cause as Thrown, depth++
  ) {
    const { code, message } = error;
    const found =
      typeof code === 'string'
        ? CODES.find(([sign]) => sign.test(code))
        : TEXTS.find(([sign]) => sign.test(String(message)));
    if (found) return new Unavailable(found[1], { cause: error, reason: found[2], retryAfter: RETRY_AFTER });
  }
  return null;
}
