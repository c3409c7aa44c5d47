import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { Database, type DatabaseTransaction, type Queryable } from '../../database/database.js';
import { query, typed } from '../../database/query.js';
import { SQL_STATE, sqlStateOf } from '../../database/sql-state.js';
import { AppError } from '../../errors/app-error.js';
import { makeUserHandle, userHandleForms } from '../../webauthn/user-handle.js';
import type { UserKey } from '../user-key.js';
import { queryByUser } from '../user-key.repository.js';
import type { FlexUserStatus } from './flex-user.entity.js';
import { formsOf } from './user-handle.repository.js';

/** A user of an app as this backend knows them. */
export interface FlexUserRecord {
  readonly id: string;
  readonly externalId: string;
  /** 43 bytes of ASCII; 32 bytes of any kind in users of long ago, 1 to 48 where it was made elsewhere. */
  readonly userHandle: Buffer;
  /** False while no passkey was made with the handle, and another may replace it. */
  readonly userHandleSettled: boolean;
  readonly status: FlexUserStatus;
  readonly loginCount: number;
  readonly lastLoginAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The columns of a {@link FlexUserRecord}. */
export const FLEX_USER_COLUMNS = [
  'id',
  'external_id as externalId',
  'user_handle as userHandle',
  'user_handle_settled as userHandleSettled',
  'status',
  'login_count as loginCount',
  'last_login_at as lastLoginAt',
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const;

/** One user of one app, by our id. */
interface OneUser {
  appId: string;
  id: string;
}

const FIND = queryByUser('flex-users.find', (db, $: { appId: string; user: string }, name) =>
  db
    .selectFrom('flex_users as u')
    .where('u.app_id', '=', $.appId)
    .where(name, '=', $.user)
    .select(FLEX_USER_COLUMNS),
);

/** A user handle that was made now, and its forms. */
interface NewHandle {
  userHandle: Buffer;
  forms: readonly Buffer[];
}

const CREATE = query(
  'flex-users.create',
  (db, $: NewHandle & { appId: string; id: string; externalId: string }) =>
    db
      .with('made', (to) =>
        to
          .insertInto('flex_users')
          .values({ app_id: $.appId, id: $.id, external_id: $.externalId, user_handle: $.userHandle })
          .onConflict((on) => on.columns(['app_id', 'external_id']).doNothing())
          .returning(FLEX_USER_COLUMNS),
      )
      .with('claimed', (to) =>
        to
          .insertInto('user_handles')
          .columns(['app_id', 'form', 'user_id'])
          .expression((from) =>
            from
              .selectFrom(['made', formsOf($)])
              .select([typed.text($.appId).as('app_id'), 'f.form', 'made.id as user_id']),
          ),
      )
      .selectFrom('made')
      .selectAll(),
);

const SET_STATUS = query('flex-users.set-status', (db, $: OneUser & { status: FlexUserStatus }) =>
  db
    .updateTable('flex_users')
    .set({ status: $.status, updated_at: sql`now()` })
    .where('app_id', '=', $.appId)
    .where('id', '=', $.id)
    .returning(FLEX_USER_COLUMNS),
);

const SETTLE_HANDLE = query('flex-users.settle-handle', (db, $: OneUser & NewHandle) =>
  db
    .with('settled', (to) =>
      to
        .updateTable('flex_users')
        .set({ user_handle: $.userHandle, user_handle_settled: true })
        .where('app_id', '=', $.appId)
        .where('id', '=', $.id)
        .where('user_handle_settled', '=', false)
        .returning(['app_id', 'id']),
    )
    .insertInto('user_handles')
    .columns(['app_id', 'form', 'user_id'])
    .expression((from) =>
      from.selectFrom(['settled', formsOf($)]).select(['settled.app_id', 'f.form', 'settled.id as user_id']),
    ),
);

const LOCK = query('flex-users.lock', (db, $: OneUser) =>
  db
    .selectFrom('flex_users as u')
    .where('u.app_id', '=', $.appId)
    .where('u.id', '=', $.id)
    .select(FLEX_USER_COLUMNS)
    .forNoKeyUpdate(),
);

const LOCK_TO_ERASE = query('flex-users.lock-to-erase', (db, $: OneUser) =>
  db.selectFrom('flex_users').where('app_id', '=', $.appId).where('id', '=', $.id).select('id').forUpdate(),
);

// What was begun or proved before a deactivation stays void when the user is active again, and so does what was before
// another identity had the user.
const VOID_TRANSACTIONS = query('flex-users.void-transactions', (db, $: OneUser) =>
  db.deleteFrom('transactions').where('app_id', '=', $.appId).where('user_id', '=', $.id),
);
const VOID_NONCES = query('flex-users.void-nonces', (db, $: OneUser) =>
  db.deleteFrom('nonces').where('app_id', '=', $.appId).where('user_id', '=', $.id),
);

const LOCK_TO_VOID = query('flex-users.lock-to-void', (db, $: { appId: string; externalId: string }) =>
  db
    .selectFrom('flex_users')
    .where('app_id', '=', $.appId)
    .where('external_id', '=', $.externalId)
    .select('id')
    .forUpdate(),
);

const ERASE_DEVICES = query('flex-users.erase-devices', (db, $: OneUser) =>
  db
    .with('erased', (gone) =>
      gone
        .deleteFrom('devices')
        .where('app_id', '=', $.appId)
        .where('user_id', '=', $.id)
        .returning(['app_id', 'credential_id']),
    )
    .with('known', (all) =>
      all
        .selectFrom('erased')
        .select(['app_id', 'credential_id'])
        .union(
          all
            .selectFrom('legacy_devices')
            .where('app_id', '=', $.appId)
            .where('user_id', '=', $.id)
            .where('credential_id', 'is not', null)
            .select(['app_id', (it) => it.ref('credential_id').$notNull().as('credential_id')]),
        ),
    )
    .insertInto('tombstones')
    .columns(['app_id', 'credential_hash'])
    .expression((from) =>
      from.selectFrom('known').select(['app_id', sql<Buffer>`sha256(credential_id)`.as('hash')]),
    )
    .onConflict((on) => on.doNothing()),
);

// Of passkeys that were revoked before: from then on they are nobody's.
const UNNAME_TOMBSTONES = query('flex-users.unname-tombstones', (db, $: OneUser) =>
  db
    .updateTable('tombstones')
    .set({ user_id: null })
    .where('app_id', '=', $.appId)
    .where('user_id', '=', $.id),
);

const ERASE = query('flex-users.erase', (db, $: OneUser) =>
  db.deleteFrom('flex_users').where('app_id', '=', $.appId).where('id', '=', $.id),
);

/** The users of every app; each call names the app. */
@Injectable()
export class FlexUserRepository {
  constructor(private readonly database: Database) {}

  /** Null if the app has no such user. */
  async find(appId: string, user: UserKey, on: Queryable = this.database): Promise<FlexUserRecord | null> {
    const [row] = await on.run(...FIND(user, { appId }));
    return row ?? null;
  }

  /**
   * The user of an external ID, made with a new user handle if there was none. Throws `user_not_found` if another request
   * made and erased them at this moment, `app_not_found` if the app was deleted.
   */
  async findOrCreate(appId: string, externalId: string, tx: DatabaseTransaction): Promise<FlexUserRecord> {
    const known = await this.find(appId, { externalId }, tx);
    if (known) return known;
    const values = { appId, id: uuidv7(), externalId, ...newHandle() };
    const [made] = await tx.run(CREATE, values).catch(appNotFoundIfGone);
    // None was made where another request made one meanwhile.
    const user = made ?? (await this.find(appId, { externalId }, tx));
    if (!user) throw new AppError('user_not_found');
    return user;
  }

  /** Null if the app has no such user. */
  async setStatus(
    user: OneUser,
    status: FlexUserStatus,
    tx: DatabaseTransaction,
  ): Promise<FlexUserRecord | null> {
    const before = await this.lockUser(user, tx);
    if (before?.status === 'inactive' && status !== 'inactive') {
      await tx.run(VOID_TRANSACTIONS, user);
      await tx.run(VOID_NONCES, user);
    }
    const [row] = await tx.run(SET_STATUS, { ...user, status });
    return row ?? null;
  }

  /**
   * Deletes the user with their passkeys, transactions and nonces; false if the app has no such user. A tombstone of
   * each passkey remains, so that no import restores it.
   */
  async erase(user: OneUser, tx: DatabaseTransaction): Promise<boolean> {
    await this.lockToErase(user, tx);
    // Before the rest, which goes by foreign keys: a revocation locks a passkey without its user.
    await tx.run(ERASE_DEVICES, user);
    await tx.run(UNNAME_TOMBSTONES, user);
    return (await tx.count(ERASE, user)) === 1;
  }

  /** Locks the user for an erasure until the transaction ends (FOR UPDATE). */
  async lockToErase(user: OneUser, tx: DatabaseTransaction): Promise<void> {
    await tx.run(LOCK_TO_ERASE, user);
  }

  /**
   * Deletes the transactions and nonces of a user, those included that another request makes at this moment. Gives their
   * id; null if the app has no such user.
   */
  async voidBegun(appId: string, externalId: string, tx: DatabaseTransaction): Promise<string | null> {
    const [user] = await tx.run(LOCK_TO_VOID, { appId, externalId });
    if (!user) return null;
    await tx.run(VOID_TRANSACTIONS, { appId, id: user.id });
    await tx.run(VOID_NONCES, { appId, id: user.id });
    return user.id;
  }

  /** Locks the user against every other change until the transaction ends (FOR NO KEY UPDATE); null if they are gone. */
  async lockUser(user: OneUser, tx: DatabaseTransaction): Promise<FlexUserRecord | null> {
    const [row] = await tx.run(LOCK, user);
    return row ?? null;
  }

  /**
   * Gives the user a new handle that nothing replaces any more, as passkeys are about to be made with it; the one that they
   * had was no passkey's, and may have become known. Does nothing if theirs is settled.
   */
  async settleHandle(user: OneUser, tx: DatabaseTransaction): Promise<void> {
    await tx.run(SETTLE_HANDLE, { ...user, ...newHandle() });
  }
}

function newHandle(): NewHandle {
  const userHandle = makeUserHandle();
  return { userHandle, forms: userHandleForms(userHandle) };
}

function appNotFoundIfGone(error: unknown): never {
  const isGone = sqlStateOf(error) === SQL_STATE.foreignKeyViolation;
  throw isGone ? new AppError('app_not_found', { cause: error }) : error;
}
