import { resolve } from 'node:path';
import type { DatabaseSettings } from './configuration.js';
import type { EnvironmentReader } from './environment-reader.js';
import { redact } from './redaction.js';

const EXAMPLE = 'such as postgresql://keyway:password@db.example.com:5432/keyway';
const DEFAULT_POOL_MAX = 10;

/** `DATABASE_URL` with `DATABASE_POOL_MAX`, or else, outside production, the embedded database in `DATA_DIR`. */
export function readDatabaseSettings(reader: EnvironmentReader): DatabaseSettings | undefined {
  const poolMax = reader.wholeNumber('DATABASE_POOL_MAX', { from: 2, to: 1000, fallback: DEFAULT_POOL_MAX });
  if (reader.isGiven('DATABASE_URL')) return readPostgresql(reader, poolMax);
  if (reader.isProduction) {
    return reader.report(`Set DATABASE_URL to the address of the PostgreSQL database, ${EXAMPLE}.`);
  }
  if (reader.isGiven('DATABASE_POOL_MAX')) {
    reader.report('Set DATABASE_URL as well, or unset DATABASE_POOL_MAX: the embedded database has no pool.');
  }
  return { kind: 'embedded', directory: resolve(reader.text('DATA_DIR') ?? 'data') };
}

function readPostgresql(reader: EnvironmentReader, poolMax: number): DatabaseSettings | undefined {
  if (reader.text('DATA_DIR') !== undefined) {
    reader.report(
      'Unset DATA_DIR, or else DATABASE_URL: only the embedded database keeps its data in DATA_DIR.',
    );
  }
  const url = reader.secret('DATABASE_URL');
  if (url === undefined) return undefined;
  const problem = findProblem(url);
  if (problem !== undefined) return reader.report(`Set DATABASE_URL to ${problem}, ${EXAMPLE}.`);
  return redact({ kind: 'postgresql', url, poolMax }, 'url');
}

function findProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) return 'a postgresql:// address';
  if (!url.hostname && !url.searchParams.get('host'))
    return 'an address with a host or the directory of a socket';
  if (url.pathname.length < 2) return 'an address that ends in the name of a database';
  try {
    decodeURIComponent(url.username + url.password + url.hostname + url.pathname);
    return undefined;
  } catch {
    return 'an address in which every % of user name, password and database name is written as %25';
  }
}
