import { Injectable } from '@nestjs/common';
import { type QueryCreator, sql } from 'kysely';
import { Database, type DatabaseTransaction } from '../../database/database.js';
import type { Tables } from '../../database/entities.js';
import { query, typed } from '../../database/query.js';
import { purgeExpiredOf } from '../expired.repository.js';

/** The handshake that a finish spends. */
export interface SpentValues {
  /** SHA-256 of its challenge. */
  readonly handshakeHash: Buffer;
  /** Seconds since the epoch. */
  readonly handshakeExpiresAt: number;
}

/** When a handshake expires, in a query. */
export const expiryOf = ($: SpentValues) => sql<Date>`to_timestamp(${$.handshakeExpiresAt}::float8)`;

/** Spends the handshake if there is a row in `permission`, a part of the same statement; no row comes of one that is spent. */
export const spendHandshake =
  ($: SpentValues) => (parts: QueryCreator<Tables & { permission: { app_id: string } }>) =>
    parts
      .insertInto('spent_handshakes')
      .columns(['app_id', 'hash', 'expires_at'])
      .expression((from) =>
        from
          .selectFrom('permission')
          .select(['app_id', typed.bytea($.handshakeHash).as('hash'), expiryOf($).as('expires_at')])
          .where(expiryOf($), '>', sql<Date>`now()`),
      )
      .onConflict((on) => on.doNothing())
      .returning('app_id');

const IS_SPENT = query('ceremonies.is-handshake-spent', (db, $: { appId: string; handshakeHash: Buffer }) =>
  db
    .selectFrom('spent_handshakes')
    .where('app_id', '=', $.appId)
    .where('hash', '=', $.handshakeHash)
    .select('hash'),
);

const PURGE = purgeExpiredOf('ceremonies.purge-handshakes', 'spent_handshakes');

/** The handshakes that were spent; a finish inserts them with all else that it writes. */
@Injectable()
export class HandshakeRepository {
  constructor(private readonly database: Database) {}

  /** Whether a finished ceremony has spent the handshake; `handshakeHash` is the SHA-256 of its challenge. */
  async isSpent(appId: string, handshakeHash: Buffer, tx: DatabaseTransaction): Promise<boolean> {
    return (await tx.run(IS_SPENT, { appId, handshakeHash })).length === 1;
  }

  /** Deletes a batch of spent handshakes that expired ten minutes ago; 0 if there are none left. */
  purgeExpired(): Promise<number> {
    return this.database.count(PURGE, {});
  }
}
