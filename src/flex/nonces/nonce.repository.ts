import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../database/database.js';
import { query, typed } from '../../database/query.js';
import { purgeExpiredOf } from '../expired.repository.js';
import type { CeremonyKind } from '../transactions/transaction.entity.js';

/** What a nonce proves: that this user has just finished this kind of ceremony with this passkey. */
export interface VerifiedNonce {
  readonly externalId: string;
  readonly kind: CeremonyKind;
  readonly deviceId: string;
}

/** A nonce that a finished ceremony makes; `nonceLifetime` in seconds, counted by the database's clock. */
export interface NonceValues {
  readonly nonceHash: Buffer;
  readonly nonceLifetime: number;
  readonly appId: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly kind: CeremonyKind;
}

/** The columns of a nonce that a statement writes together with its ceremony, in the order of `nonceOf`. */
export const NONCE_COLUMNS = ['hash', 'app_id', 'user_id', 'device_id', 'kind', 'expires_at'] as const;

/** What to select for {@link NONCE_COLUMNS}. */
export const nonceOf = ($: NonceValues) => [
  typed.bytea($.nonceHash).as('nonce_hash'),
  typed.text($.appId).as('nonce_app_id'),
  typed.text($.userId).as('nonce_user_id'),
  typed.text($.deviceId).as('nonce_device_id'),
  typed.text($.kind).as('kind'),
  typed.secondsFromNow($.nonceLifetime).as('expires_at'),
];

const CONSUME = query('nonces.consume', (db, $: { appId: string; hash: Buffer }) =>
  db
    .updateTable('nonces as n')
    .from('flex_users as u')
    .set({ consumed_at: sql`now()` })
    .where('n.app_id', '=', $.appId)
    .where('n.hash', '=', $.hash)
    .where('n.consumed_at', 'is', null)
    .where('n.expires_at', '>', sql<Date>`now()`)
    .whereRef('u.app_id', '=', 'n.app_id')
    .whereRef('u.id', '=', 'n.user_id')
    .where('u.status', '<>', 'inactive')
    .returning(['u.external_id as externalId', 'n.kind', 'n.device_id as deviceId']),
);

const PURGE = purgeExpiredOf('nonces.purge', 'nonces');

/** Nonces, found by the SHA-256 of the text that the client holds; a finish inserts them with all else that it writes. */
@Injectable()
export class NonceRepository {
  constructor(private readonly database: Database) {}

  /** Uses the nonce up; null if it is unknown, expired, spent, of another app, or its user or passkey may not act. */
  async consume(appId: string, hash: Buffer): Promise<VerifiedNonce | null> {
    const [row] = await this.database.run(CONSUME, { appId, hash });
    return row ?? null;
  }

  /** Deletes a batch of nonces that expired ten minutes ago; 0 if there are none left. */
  purgeExpired(): Promise<number> {
    return this.database.count(PURGE, {});
  }
}
