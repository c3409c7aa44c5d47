import { resolve } from 'node:path';
import type { DatabaseSettings } from './configuration.js';
import { redact } from './redaction.js';
import { Required, type Rule, Setting, Together, Variables, wholeNumber } from './variables.js';

const EXAMPLE = 'such as postgresql://keyway:password@db.example.com:5432/keyway';
const POOL_MAX = { from: 2, to: 1000, fallback: 10 };

const databaseUrl: Rule<unknown> = (text) => {
  const problem = problemOf(text);
  return problem === undefined ? undefined : `Set DATABASE_URL to ${problem}, ${EXAMPLE}.`;
};

/** PostgreSQL, or else, outside production, the embedded database in a directory. */
@Together<DatabaseVariables>(({ env, isEmbedded, DATA_DIR }) => {
  if (!isEmbedded && DATA_DIR !== undefined) {
    return 'Unset DATA_DIR, or else DATABASE_URL: only the embedded database keeps its data in DATA_DIR.';
  }
  if (isEmbedded && !env.isProduction && env.text('DATABASE_POOL_MAX') !== undefined) {
    return 'Set DATABASE_URL as well, or unset DATABASE_POOL_MAX: the embedded database has no pool.';
  }
  return undefined;
})
export class DatabaseVariables extends Variables<DatabaseSettings> {
  @Required<DatabaseVariables>(
    `Set DATABASE_URL to the address of the PostgreSQL database, ${EXAMPLE}.`,
    ({ env }) => env.isProduction,
  )
  @Setting(databaseUrl, { isSecret: true })
  DATABASE_URL?: string;

  @Setting(wholeNumber(POOL_MAX))
  DATABASE_POOL_MAX?: string;

  @Setting(() => undefined)
  DATA_DIR?: string;

  /** Whether no DATABASE_URL was given, by either name. */
  get isEmbedded(): boolean {
    return this.env.givenAs('DATABASE_URL') === undefined;
  }

  toSettings(): DatabaseSettings {
    if (this.DATABASE_URL === undefined)
      return { kind: 'embedded', directory: resolve(this.DATA_DIR ?? 'data') };
    const poolMax = Number(this.DATABASE_POOL_MAX ?? POOL_MAX.fallback);
    return redact({ kind: 'postgresql', url: this.DATABASE_URL, poolMax }, 'url');
  }
}

function problemOf(text: string): string | undefined {
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
