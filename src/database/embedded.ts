import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { MikroORM } from '@mikro-orm/core';
import { ormOptions } from './orm-options.js';
import { lockDirectory } from './directory-lock.js';
import {
  type CompiledQuery,
  type Connections,
  type OpenDatabase,
  type OpenTransaction,
  type QueryResult,
  readTimestamp,
  type TransactionMode,
  TYPE,
} from './connections.js';

const OPTIONS = {
  parsers: {
    [TYPE.bytea]: (text: string) => Buffer.from(text.slice(2), 'hex'),
    [TYPE.int8]: Number,
    [TYPE.timestamptz]: readTimestamp,
  },
};

/** Opens PGlite in a directory. Throws an Error with a sentence for the operator if another process has it open or PGlite is not installed. */
export async function openEmbedded(directory: string): Promise<OpenDatabase> {
  const lock = await lockDirectory(directory);
  try {
    const [{ PgliteDriver }, { PGlite }] = await loadPglite();
    const dbName = join(directory, 'pglite');
    await mkdir(dbName, { recursive: true, mode: 0o700 });
    const orm = await MikroORM.init({
      ...ormOptions,
      driver: PgliteDriver,
      dbName,
      driverOptions: { startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB'] },
    });
    const pglite = await orm.em.getConnection().getNativeClient();
    const close = async (): Promise<void> => {
      await orm.close();
      lock.release();
    };
    return { orm, connections: new EmbeddedConnection(pglite), schema: 'public', close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** It is optional, and not in the image, which runs on PostgreSQL. */
async function loadPglite() {
  try {
    return await Promise.all([import('@mikro-orm/pglite'), import('@electric-sql/pglite')]);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new Error(
      'The embedded database is not installed here: set DATABASE_URL to a PostgreSQL database.',
      {
        cause,
      },
    );
  }
}

/** The one connection of the embedded PGlite: transactions and statements take turns. */
class EmbeddedConnection implements Connections {
  readonly isFull = false;
  readonly starvedFor = 0;

  constructor(private readonly pglite: PGlite) {}

  /** It is this process's own, so an answer is all there is to know. */
  async isWritable(): Promise<boolean> {
    await this.run({ text: 'select 1', values: [] });
    return true;
  }

  run(query: CompiledQuery): Promise<QueryResult> {
    return runOn(this.pglite, query);
  }

  /** PGlite gives a transaction to a callback; this one lasts until the transaction is told to end. */
  begin(mode: TransactionMode): Promise<OpenTransaction> {
    return new Promise((resolve, reject) => {
      const ended: Promise<unknown> = this.pglite.transaction(async (tx) => {
        if (mode === 'snapshot') await tx.exec('set transaction isolation level repeatable read, read only');
        await new Promise<void>((commit, fail) => {
          resolve({
            run: (query) => runOn(tx, query),
            commit: async () => {
              commit();
              await ended;
            },
            rollback: async () => {
              fail(new Error('rolled back'));
              await ended.catch(() => undefined);
            },
          });
        });
      });
      ended.catch(reject);
    });
  }
}

async function runOn(on: Pick<PGlite, 'query'>, { text, values }: CompiledQuery): Promise<QueryResult> {
  const { rows, affectedRows } = await on.query(text, [...values], OPTIONS);
  return { rows, count: affectedRows ?? rows.length };
}
