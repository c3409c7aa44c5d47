import { resolve } from 'node:path';
import type { DatabaseSettings } from './configuration.js';
import { addressProblem } from './database-address.js';
import { readSecretFile } from './environment.js';
import { redact } from './redaction.js';
import { Required, type Rule, Setting, Together, Variables, wholeNumber } from './variables.js';

const EXAMPLE = 'such as postgresql://keyway:password@db.example.com:5432/keyway';
const POOL_MAX = { from: 2, to: 1000, fallback: 10 };

const databaseUrl: Rule<unknown> = (text) => {
  const problem = addressProblem(text);
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
    const urlFile = this.env.text('DATABASE_URL_FILE');
    const settings = {
      kind: 'postgresql',
      url: this.DATABASE_URL,
      poolMax,
      ...(urlFile && { urlFile }),
    } as const;
    return redact(settings, 'url');
  }
}

/** What the file of `DATABASE_URL_FILE` has now; undefined while that is no address of PostgreSQL. */
export function readUrlFile(path: string): string | undefined {
  const { text } = readSecretFile('DATABASE_URL', path);
  return text !== undefined && addressProblem(text) === undefined ? text : undefined;
}
