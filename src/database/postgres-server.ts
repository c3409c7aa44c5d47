import { databaseOutage } from './database-outage.js';
import { isLoginRefused, PostgresClient } from './postgres-client.js';
import type { PostgresServers } from './postgres-servers.js';

/** What has to be known of a PostgreSQL server before it is used. */
export interface ServerFacts {
  /** The first schema of the search path that exists: the one that tables are made in. */
  readonly schema: string;
  /** Whether it accepts no writes, as a standby. */
  readonly isReadOnly: boolean;
}

const FACTS = `select current_schema() as schema, current_setting('server_encoding') as encoding, current_user as "user",
  current_setting('transaction_read_only') = 'on' as "isReadOnly"`;

/**
 * Does `work` on a connection of its own to a server. Throws an Error with a sentence for the operator if it cannot be
 * reached within `timeout` (ms), or if a statement fails.
 */
export async function onServer<T>(
  servers: PostgresServers,
  timeout: number,
  work: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  const client = new PostgresClient(servers, {
    application_name: 'keyway',
    connectionTimeoutMillis: timeout,
    query_timeout: timeout,
  });
  // What goes wrong also rejects the call under way.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw connectionError(servers, error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Asks a server, on a connection of its own, for what Keyway depends on. Throws an Error with a sentence for the operator
 * if it cannot be reached within `timeout` (ms), does not keep text in UTF-8, or has no schema for the tables.
 */
export async function inspectServer(servers: PostgresServers, timeout: number): Promise<ServerFacts> {
  const facts = await onServer(servers, timeout, async (client) => {
    const { rows } = await client.query<{
      schema: string | null;
      encoding: string;
      user: string;
      isReadOnly: boolean;
    }>(FACTS);
    return rows[0]!;
  });
  const { schema, encoding, user, isReadOnly } = facts;
  if (encoding !== 'UTF8') throw new Error(encodingSentence(servers, encoding));
  if (schema === null) throw new Error(schemaSentence(servers, user));
  return { schema, isReadOnly };
}

const encodingSentence = ({ place }: PostgresServers, encoding: string): string =>
  `The database ${place} keeps text in ${encoding}, and names may hold any character: ` +
  `create a database with "encoding 'UTF8' template template0" and set DATABASE_URL to it.`;

const schemaSentence = ({ place }: PostgresServers, user: string): string =>
  `The database ${place} has none of the schemas in the search_path of ${user}: ` +
  `create one ("create schema keyway authorization ${user}"), or set search_path to one that exists.`;

/** What OpenSSL and Node say of a certificate that they do not accept. */
const CERTIFICATE_ERROR = /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

const ADVICE = {
  certificate:
    'sslmode=require verifies the certificate of the server, as verify-full does: name its authority in DATABASE_URL with ' +
    '&sslrootcert=/path/of/ca.pem, or say sslmode=no-verify to go without.',
  parameter:
    'take the parameter out of DATABASE_URL, set it by "alter role … set", or name it in ignore_startup_parameters of the pooler.',
  login: 'set DATABASE_URL to an address with the user and the password that the server knows.',
  readOnly:
    'none of the servers accepts writes; set DATABASE_URL to an address that has the primary among its hosts.',
  address: 'set DATABASE_URL to a PostgreSQL database that is running and can be reached from here.',
};

/** The sentence about a server that could not be used; it does not show the password. */
function connectionError({ place }: PostgresServers, cause: unknown): Error {
  const advice = ADVICE[kindOf(cause)];
  return new Error(`Cannot connect to the database ${place} (${reasonOf(cause)}): ${advice}`, { cause });
}

function kindOf(cause: unknown): keyof typeof ADVICE {
  const { code } = cause as NodeJS.ErrnoException;
  if (typeof code === 'string' && CERTIFICATE_ERROR.test(code)) return 'certificate';
  if (/unsupported startup parameter/.test(reasonOf(cause))) return 'parameter';
  if (isLoginRefused(cause)) return 'login';
  return databaseOutage(cause)?.reason === 'read_only' ? 'readOnly' : 'address';
}

/** A host name with several addresses fails with an error for each, and no message of its own. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
