import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../database/database.js';
import { insertion, query, typed } from '../../database/query.js';
import { purgeExpiredOf } from '../expired.repository.js';
import type { CeremonyKind } from '../transactions/transaction.entity.js';

/** What a nonce proves: that this user has just finished this kind of ceremony with this passkey. */
export interface VerifiedNonce {
  readonly externalId: string;
  readonly kind: CeremonyKind;
  readonly deviceId: string;
  /** Who that is to the application: the identity that is tied to the external ID; null where none is. */
  readonly issuer: string | null;
  readonly subject: string | null;
  /** Whether the user was verified, by PIN or biometrics; null for a nonce from before this was kept. */
  readonly userVerified: boolean | null;
}

/** A nonce that a finished ceremony makes; `nonceLifetime` in seconds, counted by the database's clock. */
export interface NonceValues {
  readonly nonceHash: Buffer;
  readonly nonceLifetime: number;
  readonly appId: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly kind: CeremonyKind;
  /** Whether its passkey is an automatic one that no sign-in has verified the user with, this ceremony included. */
  readonly automatic: boolean;
  /** The flag UV of its ceremony. */
  readonly userVerified: boolean;
  /** Whether the passkey's backup eligibility changed in its ceremony. */
  readonly isBackupChanged: boolean;
}

/** The row of a nonce that a statement writes together with its ceremony. */
export const nonceOf = ($: NonceValues) =>
  insertion('nonces', {
    hash: typed.bytea($.nonceHash),
    app_id: typed.text($.appId),
    user_id: typed.text($.userId),
    device_id: typed.text($.deviceId),
    kind: typed.text($.kind),
    automatic: typed.boolean($.automatic),
    user_verified: typed.boolean($.userVerified),
    backup_changed: typed.boolean($.isBackupChanged),
    expires_at: typed.secondsFromNow($.nonceLifetime),
  });

/** Which nonce is used up, and what is asked about it besides. */
interface Consumption {
  readonly appId: string;
  readonly hash: Buffer;
  /** The one app whose users have identities. */
  readonly ownAppId: string;
  /** The identity that acts for itself; nulls where an app's server asks. */
  readonly issuer: string | null;
  readonly subject: string | null;
}

// The tie of the identity that acts is locked before the nonce, as an unlinking does: the row to be updated is found by
// joining the former, whose maximum is one row also where there is no tie.
const CONSUME = query('nonces.consume', (db, $: Consumption) =>
  db
    .with(
      (cte) => cte('tie').materialized(),
      (from) =>
        from
          .selectFrom('users')
          .where('issuer', '=', $.issuer)
          .where('subject', '=', $.subject)
          .select('passage_external_id as external_id')
          .forKeyShare(),
    )
    .updateTable('nonces as n')
    .from('flex_users as u')
    .innerJoin(
      (from) =>
        from
          .selectFrom('tie')
          .select((it) => it.fn.max('external_id').as('external_id'))
          .as('actor'),
      (on) => on.onTrue(),
    )
    .leftJoin('users as i', (on) =>
      on.onRef('i.passage_external_id', '=', 'u.external_id').on('u.app_id', '=', $.ownAppId),
    )
    .set({ consumed_at: sql`now()` })
    .where('n.app_id', '=', $.appId)
    .where('n.hash', '=', $.hash)
    // A step-up is for its act alone.
    .where('n.act', 'is', null)
    .where('n.consumed_at', 'is', null)
    .where('n.expires_at', '>', sql<Date>`now()`)
    .whereRef('u.app_id', '=', 'n.app_id')
    .whereRef('u.id', '=', 'n.user_id')
    .where('u.status', '<>', 'inactive')
    .returning([
      'u.external_id as externalId',
      'n.kind',
      'n.device_id as deviceId',
      'i.issuer',
      'i.subject',
      'n.user_verified as userVerified',
      sql<boolean>`coalesce(actor.external_id = u.external_id, false)`.as('isActors'),
    ]),
);

const PURGE = purgeExpiredOf('nonces.purge', 'nonces');

/** Nonces, found by the SHA-256 of the text that the client holds; a finish inserts them with all else that it writes. */
@Injectable()
export class NonceRepository {
  constructor(private readonly database: Database) {}

  /**
   * Uses the nonce up; null if it is unknown, expired, spent, of a step-up, of another app, or its user or passkey may not act. The
   * identity is told of users of `ownAppId` alone. `isActors` is whether the nonce's user is tied to the identity that acts
   * (`issuer`, `subject`), at that very moment.
   */
  async consume(consumption: Consumption): Promise<(VerifiedNonce & { readonly isActors: boolean }) | null> {
    const [row] = await this.database.run(CONSUME, consumption);
    return row ?? null;
  }

  /** Deletes a batch of nonces that expired ten minutes ago; 0 if there are none left. */
  purgeExpired(): Promise<number> {
    return this.database.count(PURGE, {});
  }
}
