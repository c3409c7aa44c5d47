import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { DatabaseTransaction } from '../../database/database.js';
import { query, typed } from '../../database/query.js';
import type { StepUpAct } from './step-up.js';

/** The act for which a nonce is used up, and by whom. */
export interface StepUpUse {
  readonly appId: string;
  /** Of the backend's user, whom the transaction of the database has locked. */
  readonly userId: string;
  readonly act: StepUpAct;
  /** The id of the passkey to be revoked; null for the other acts. */
  readonly target: string | null;
}

/** SHA-256 of the nonce, and when the user of the token last signed in, in seconds since the epoch. */
interface Presented {
  readonly hash: Buffer;
  readonly signedInAt: number | null;
}

/** Null for a moment that is not known, which nothing precedes. */
const signIn = ($: Presented) => sql<Date>`to_timestamp(${$.signedInAt}::float8)`;

const CONSUME = query('step-up.consume', (db, $: StepUpUse & Presented) =>
  db
    .updateTable('nonces as n')
    .from(['devices as d', 'flex_users as u'])
    .set({ consumed_at: sql`now()` })
    .where('n.app_id', '=', $.appId)
    .where('n.hash', '=', $.hash)
    .where('n.user_id', '=', $.userId)
    .where('n.act', '=', $.act)
    .where(sql<boolean>`n.target is not distinct from ${typed.text($.target)}`)
    .where('n.consumed_at', 'is', null)
    .where('n.expires_at', '>', sql<Date>`now()`)
    .where('n.user_verified', '=', true)
    .where('n.automatic', '=', false)
    .where('n.backup_changed', '=', false)
    .whereRef('d.app_id', '=', 'n.app_id')
    .whereRef('d.id', '=', 'n.device_id')
    .where('d.created_at', '<', signIn($))
    .whereRef('u.app_id', '=', 'n.app_id')
    .whereRef('u.id', '=', 'n.user_id')
    // What a user proved before they were made inactive is void.
    .where('u.status', '<>', 'inactive'),
);

/** Why a nonce does not count, for the log and the audit trail only; the first that applies. */
export type StepUpProblem =
  | 'nonce_of_other_user'
  | 'nonce_of_registration'
  | 'nonce_of_other_act'
  | 'nonce_of_other_passkey'
  | 'nonce_spent'
  | 'nonce_expired'
  | 'user_not_active'
  | 'user_not_verified'
  | 'passkey_automatic'
  | 'backup_eligibility_changed'
  | 'passkey_too_young';

const EXPLAIN = query('step-up.explain', (db, $: StepUpUse & Presented) =>
  db
    .selectFrom('nonces as n')
    .innerJoin('flex_users as u', (on) =>
      on.onRef('u.app_id', '=', 'n.app_id').onRef('u.id', '=', 'n.user_id'),
    )
    .where('n.app_id', '=', $.appId)
    .where('n.hash', '=', $.hash)
    .select(
      sql<StepUpProblem>`case
        when n.user_id <> ${$.userId} then 'nonce_of_other_user'
        when n.kind = 'register' then 'nonce_of_registration'
        when n.act is distinct from ${typed.text($.act)} then 'nonce_of_other_act'
        when n.target is distinct from ${typed.text($.target)} then 'nonce_of_other_passkey'
        when n.consumed_at is not null then 'nonce_spent'
        when n.expires_at <= now() then 'nonce_expired'
        when u.status = 'inactive' then 'user_not_active'
        when n.user_verified is not true then 'user_not_verified'
        when n.automatic then 'passkey_automatic'
        when n.backup_changed then 'backup_eligibility_changed'
        else 'passkey_too_young' end`.as('problem'),
    ),
);

/** The nonces of step-up, each used up by the act that it was asked for. */
@Injectable()
export class StepUpRepository {
  /** Uses the nonce up; false, and nothing is changed, if it does not prove the user for this act. */
  async consume(use: StepUpUse & Presented, tx: DatabaseTransaction): Promise<boolean> {
    return (await tx.count(CONSUME, use)) === 1;
  }

  /** Why a nonce was not used up; null if the app has no such nonce. */
  async problemOf(use: StepUpUse & Presented, tx: DatabaseTransaction): Promise<StepUpProblem | null> {
    const [row] = await tx.run(EXPLAIN, use);
    return row?.problem ?? null;
  }
}
