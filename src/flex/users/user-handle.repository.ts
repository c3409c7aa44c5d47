import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { DatabaseTransaction } from '../../database/database.js';
import { query } from '../../database/query.js';
import { userHandleForms, userHandleOfText } from '../../webauthn/user-handle.js';

/**
 * The longest handle, in bytes, that new passkeys of a user are made with: native SDKs make them with its base64url text
 * (of 64 bytes then), and WebAuthn Level 3 §5.4.3 allows no more.
 */
export const MAX_OWN_HANDLE_BYTES = 48;

/** A user and both forms of a handle that one of their passkeys presented. */
interface PresentedHandle {
  appId: string;
  userId: string;
  bytes: Buffer;
  text: Buffer;
}

// Stronger than `lockUser`, as the handle is a unique key. Two sign-ins of one user that learn at the same time wait
// here; two of different users wait at the claim.
const LOCK_TO_LEARN = query('user-handles.lock-to-learn', (db, $: { appId: string; userId: string }) =>
  db
    .selectFrom('flex_users')
    .where('app_id', '=', $.appId)
    .where('id', '=', $.userId)
    .select('id')
    .forUpdate(),
);

const CLAIM = query('user-handles.claim', (db, $: PresentedHandle) =>
  db
    .insertInto('user_handles')
    .values([
      { app_id: $.appId, form: $.bytes, user_id: $.userId },
      { app_id: $.appId, form: $.text, user_id: $.userId },
    ])
    .onConflict((on) => on.doNothing())
    .returning('form'),
);

const RELEASE = query('user-handles.release', (db, $: { appId: string; forms: Buffer[] }) =>
  db
    .deleteFrom('user_handles')
    .where('app_id', '=', $.appId)
    .where('form', '=', sql<Buffer>`any(${$.forms}::bytea[])`),
);

// Handles that were made here are in no other table; `ofText` is the one that has the new one for its text.
const FIND_OTHER_OWNER = query(
  'user-handles.find-other-owner',
  (db, $: PresentedHandle & { ofText: Buffer | null }) =>
    db
      .selectFrom('user_handles')
      .where('app_id', '=', $.appId)
      .where('form', 'in', [$.bytes, $.text])
      .where('user_id', '<>', $.userId)
      .select('user_id as userId')
      .unionAll(
        db
          .selectFrom('flex_users')
          .where('app_id', '=', $.appId)
          .where('user_handle', 'in', [$.bytes, $.text, sql<Buffer>`${$.ofText}`])
          .where('id', '<>', $.userId)
          .select('id as userId'),
      )
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

/** User handles that passkeys were made with elsewhere. */
@Injectable()
export class UserHandleRepository {
  /**
   * Records the handle that a passkey, whose handle was unknown, has presented in a valid sign-in that named the user
   * beforehand. It becomes the user's own too while theirs is not settled. `taken`, and nothing is recorded: it belongs
   * to another user of the app in either of its forms. `differs`, and the transaction is void: another handle was
   * recorded a moment ago, or the user or the passkey is gone.
   */
  async learn(
    { appId, userId, deviceId }: { appId: string; userId: string; deviceId: string },
    handle: Buffer,
    tx: DatabaseTransaction,
  ): Promise<'learnt' | 'taken' | 'differs'> {
    const [bytes, text] = userHandleForms(handle);
    const presented = { appId, userId, bytes, text };
    if ((await tx.run(LOCK_TO_LEARN, { appId, userId })).length === 0) return 'differs';
    const claimed = await tx.run(CLAIM, presented);
    const others = await tx.run(FIND_OTHER_OWNER, { ...presented, ofText: userHandleOfText(bytes) });
    if (others.length > 0) {
      await tx.run(RELEASE, { appId, forms: claimed.map(({ form }) => form) });
      return 'taken';
    }
    await tx.run(ADOPT, { appId, userId, handle: bytes });
    const learnt = await tx.count(LEARN, { appId, userId, deviceId, handle: bytes });
    return learnt === 1 ? 'learnt' : 'differs';
  }
}
