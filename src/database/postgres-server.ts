import { Client } from 'pg';

/** What has to be known of a PostgreSQL server before it is used. */
export interface ServerFacts {
  /** The first schema of the search path that exists: the one that tables are made in. */
  readonly schema: string;
}

const FACTS = `select current_schema() as schema, current_setting('server_encoding') as encoding, current_user as "user"`;

/**
 * Asks a server, on a connection of its own, for what Keyway depends on. Throws an Error with a sentence for the operator
 * if it cannot be reached within `timeout` (ms), does not keep text in UTF-8, or has no schema for the tables.
 */
export async function inspectServer(url: string, timeout: number): Promise<ServerFacts> {
  const client = new Client({
    connectionString: url,
    application_name: 'keyway',
    connectionTimeoutMillis: timeout,
    query_timeout: timeout,
  });
  // What goes wrong also rejects the call under way.
  client.on('error', () => undefined);
  let facts: { schema: string | null; encoding: string; user: string };
  try {
    await client.connect();
    const { rows } = await client.query<typeof facts>(FACTS);
    facts = rows[0]!;
  } catch (error) {
    throw connectionError(url, error);
  } finally {
    await client.end().catch(() => undefined);
  }
  const { schema, encoding, user } = facts;
  if (encoding !== 'UTF8') throw new Error(encodingSentence(url, encoding));
  if (schema === null) throw new Error(schemaSentence(url, user));
  return { schema };
}

const encodingSentence = (url: string, encoding: string): string =>
  `The database ${placeOf(url)} keeps text in ${encoding}, and names may hold any character: ` +
  `create a database with "encoding 'UTF8' template template0" and set DATABASE_URL to it.`;

const schemaSentence = (url: string, user: string): string =>
  `The database ${placeOf(url)} has none of the schemas in the search_path of ${user}: ` +
  `create one ("create schema keyway authorization ${user}"), or set search_path to one that exists.`;

/** What OpenSSL and Node say of a certificate that they do not accept. */
const CERTIFICATE_ERROR = /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

/** The sentence about a server that could not be reached; it does not show the password in `url`. */
function connectionError(url: string, cause: unknown): Error {
  const { code } = cause as NodeJS.ErrnoException;
  const advice =
    typeof code === 'string' && CERTIFICATE_ERROR.test(code)
      ? 'sslmode=require verifies the certificate of the server, as verify-full does: name its authority in DATABASE_URL with ' +
        '&sslrootcert=/path/of/ca.pem, or say sslmode=no-verify to go without.'
      : 'set DATABASE_URL to a PostgreSQL database that is running and can be reached from here.';
  return new Error(`Cannot connect to the database ${placeOf(url)} (${reasonOf(cause)}): ${advice}`, {
    cause,
  });
}

/** Host, port and database, such as `db.example.com:5432/keyway`. */
function placeOf(text: string): string {
  const url = new URL(text);
  return `${url.host || url.searchParams.get('host')}${url.pathname}`;
}

/** A host name with several addresses fails with an error for each, and no message of its own. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
