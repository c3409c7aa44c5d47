import { Injectable } from '@nestjs/common';
import { type Queryable, statement } from '../../database/statement.js';
import { userHandleForms, userHandleOfText } from '../../webauthn/user-handle.js';

/**
 * The longest handle, in bytes, that new passkeys of a user are made with: native SDKs make them with its base64url text
 * (of 64 bytes then), and WebAuthn Level 3 §5.4.3 allows no more.
 */
export const MAX_OWN_HANDLE_BYTES = 48;

// Of two sign-ins of one user that learn at once, one waits here; of two users, at the claim.
const HOLD = statement(
  'user-handles.hold-user',
  'select id from flex_users where app_id = $1 and id = $2 for update',
);

const CLAIM = statement(
  'user-handles.claim',
  `insert into user_handles (app_id, form, user_id) values ($1, $3, $2), ($1, $4, $2) on conflict do nothing
   returning form`,
);

const RELEASE = statement('user-handles.release', 'delete from user_handles where app_id = $1 and form = $2');

// Handles that were made here are in no other table; $5 is the one that has the new one for its text.
const FIND_OTHER_OWNER = statement(
  'user-handles.find-other-owner',
  `select user_id as "userId" from user_handles where app_id = $1 and form in ($3, $4) and user_id <> $2
   union all
   select id from flex_users where app_id = $1 and user_handle in ($3, $4, $5) and id <> $2
   limit 1`,
);

const ADOPT = statement(
  'user-handles.adopt',
  `update flex_users set user_handle = $3::bytea, user_handle_settled = true
   where app_id = $1 and id = $2 and not user_handle_settled and octet_length($3::bytea) <= ${MAX_OWN_HANDLE_BYTES}`,
);

const LEARN = statement(
  'user-handles.learn',
  `update devices d set user_handle_known = true, user_handle = nullif($4, u.user_handle)
   from flex_users u
   where d.app_id = $1 and d.user_id = $2 and d.id = $3 and u.app_id = d.app_id and u.id = d.user_id
     and (not d.user_handle_known or coalesce(d.user_handle, u.user_handle) = $4)
   returning d.id`,
);

/** User handles that passkeys were made with elsewhere. */
@Injectable()
export class UserHandles {
  /**
   * Takes down the handle that a passkey, whose handle was unknown, has presented in a sign-in that holds and that named
   * the user beforehand. It becomes the user's own too while theirs is not settled. `taken`, and nothing is learnt: it
   * belongs to another user of the app in either of its forms. `differs`, and the transaction is void: it is not the one
   * learnt a moment ago.
   */
  async learn(
    { appId, userId, deviceId }: { appId: string; userId: string; deviceId: string },
    handle: Buffer,
    tx: Queryable,
  ): Promise<'learnt' | 'taken' | 'differs'> {
    const [bytes, text] = userHandleForms(handle);
    await tx.query(HOLD, [appId, userId]);
    const claimed = await tx.query<{ form: Buffer }>(CLAIM, [appId, userId, bytes, text]);
    const others = await tx.query(FIND_OTHER_OWNER, [appId, userId, bytes, text, userHandleOfText(bytes)]);
    if (others.length > 0) {
      for (const { form } of claimed) await tx.query(RELEASE, [appId, form]);
      return 'taken';
    }
    await tx.query(ADOPT, [appId, userId, bytes]);
    const isLearnt = (await tx.query(LEARN, [appId, userId, deviceId, bytes])).length === 1;
    return isLearnt ? 'learnt' : 'differs';
  }
}
