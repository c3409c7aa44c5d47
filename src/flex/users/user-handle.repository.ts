import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { DatabaseTransaction } from '../../database/database.js';
import { query, typed } from '../../database/query.js';
import { userHandleForms } from '../../webauthn/user-handle.js';

/**
 * The longest handle, in bytes, that new passkeys of a user are made with: native SDKs make them with its base64url text
 * (of 64 bytes then), and WebAuthn Level 3 §5.4.3 allows no more.
 */
export const MAX_OWN_HANDLE_BYTES = 48;

/** A user, and a handle in all its forms. */
interface Claim {
  appId: string;
  userId: string;
  forms: readonly Buffer[];
}

/** The forms as the table `f`, in one order for all, so that two users who claim the same ones do not deadlock. */
export const formsOf = ({ forms }: Pick<Claim, 'forms'>) =>
  sql<{ form: Buffer }>`(select form from unnest(${forms}::bytea[]) as given(form) order by form)`.as('f');

// Two sign-ins of one user that learn at the same time wait here; two of different users wait at the claim.
const LOCK_TO_LEARN = query('user-handles.lock-to-learn', (db, $: { appId: string; userId: string }) =>
  db
    .selectFrom('flex_users')
    .where('app_id', '=', $.appId)
    .where('id', '=', $.userId)
    .select('id')
    .forNoKeyUpdate(),
);

const CLAIM = query('user-handles.claim', (db, $: Claim) =>
  db
    .insertInto('user_handles')
    .columns(['app_id', 'form', 'user_id'])
    .expression((from) =>
      from
        .selectFrom(formsOf($))
        .select([typed.text($.appId).as('app_id'), 'f.form', typed.text($.userId).as('user_id')]),
    )
    .onConflict((on) => on.doNothing())
    .returning('form'),
);

const isOneOf = (forms: readonly Buffer[]) => sql<Buffer>`any(${forms}::bytea[])`;

const RELEASE = query('user-handles.release', (db, $: Omit<Claim, 'userId'>) =>
  db.deleteFrom('user_handles').where('app_id', '=', $.appId).where('form', '=', isOneOf($.forms)),
);

const FIND_OTHER_OWNER = query('user-handles.find-other-owner', (db, $: Claim) =>
  db
    .selectFrom('user_handles')
    .where('app_id', '=', $.appId)
    .where('form', '=', isOneOf($.forms))
    .where('user_id', '<>', $.userId)
    .select('user_id as userId')
    .limit(1),
);

const ADOPT = query('user-handles.adopt', (db, $: { appId: string; userId: string; handle: Buffer }) =>
  db
    .updateTable('flex_users')
    .set({ user_handle: $.handle, user_handle_settled: true })
    .where('app_id', '=', $.appId)
    .where('id', '=', $.userId)
    .where('user_handle_settled', '=', false)
    .where(sql<number>`octet_length(${$.handle}::bytea)`, '<=', MAX_OWN_HANDLE_BYTES),
);

const LEARN = query(
  'user-handles.learn',
  (db, $: { appId: string; userId: string; deviceId: string; handle: Buffer }) =>
    db
      .updateTable('devices as d')
      .from('flex_users as u')
      .set({
        user_handle_known: true,
        user_handle: sql<Buffer | null>`nullif(${$.handle}::bytea, u.user_handle)`,
      })
      .where('d.app_id', '=', $.appId)
      .where('d.user_id', '=', $.userId)
      .where('d.id', '=', $.deviceId)
      .whereRef('u.app_id', '=', 'd.app_id')
      .whereRef('u.id', '=', 'd.user_id')
      .where((it) =>
        it.or([
          it('d.user_handle_known', '=', false),
          it(it.fn.coalesce('d.user_handle', 'u.user_handle'), '=', $.handle),
        ]),
      ),
);

/** User handles that passkeys were made with elsewhere, as sign-ins show them. */
@Injectable()
export class UserHandleRepository {
  /**
   * Records the handle that a passkey, whose handle was unknown, has presented in a valid sign-in that named the user
   * beforehand. It becomes the user's own too while theirs is not settled. `taken`, and nothing is recorded: it belongs
   * to another user of the app in one of its forms. `differs`, and the transaction is void: another handle was recorded a
   * moment ago, or the user or the passkey is gone.
   */
  async learn(
    { appId, userId, deviceId }: { appId: string; userId: string; deviceId: string },
    handle: Buffer,
    tx: DatabaseTransaction,
  ): Promise<'learnt' | 'taken' | 'differs'> {
    const claim = { appId, userId, forms: userHandleForms(handle) };
    if ((await tx.run(LOCK_TO_LEARN, { appId, userId })).length === 0) return 'differs';
    const claimed = await tx.run(CLAIM, claim);
    if ((await tx.run(FIND_OTHER_OWNER, claim)).length > 0) {
      await tx.run(RELEASE, { appId, forms: claimed.map(({ form }) => form) });
      return 'taken';
    }
    await tx.run(ADOPT, { appId, userId, handle });
    const learnt = await tx.count(LEARN, { appId, userId, deviceId, handle });
    return learnt === 1 ? 'learnt' : 'differs';
  }
}
