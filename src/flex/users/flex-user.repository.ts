import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../../database/database.js';
import { SQL_STATE, sqlStateOf } from '../../database/sql-state.js';
import { type Queryable, statement, toDate } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import { addressed, statementByUser, type UserKey } from './user-key.js';

/** What may become of a user. */
export const USER_STATUSES = ['active', 'inactive', 'pending'] as const;
export type FlexUserStatus = (typeof USER_STATUSES)[number];

/** A user of an app as this backend knows them. */
export interface FlexUserRecord {
  readonly id: string;
  readonly externalId: string;
  /** 32 bytes, or 1 to 48 where it was made elsewhere. */
  readonly userHandle: Buffer;
  /** False while no passkey was made with the handle, and another may take its place. */
  readonly userHandleSettled: boolean;
  readonly status: FlexUserStatus;
  readonly loginCount: number;
  readonly lastLoginAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A row as queries select it. */
export type FlexUserRow = Omit<FlexUserRecord, 'lastLoginAt' | 'createdAt' | 'updatedAt'> & {
  lastLoginAt: string | null;
  createdAt: string;
  updatedAt: string;
};

const COLUMNS = `id, external_id as "externalId", user_handle as "userHandle",
  user_handle_settled as "userHandleSettled", status, login_count as "loginCount",
  last_login_at as "lastLoginAt", created_at as "createdAt", updated_at as "updatedAt"`;

const FIND = statementByUser(
  'flex-users.find',
  (user) => `select ${COLUMNS} from flex_users u where u.app_id = $1 and ${user} = $2`,
);

const SET_STATUS = statement(
  'flex-users.set-status',
  `update flex_users set status = $3, updated_at = now() where app_id = $1 and id = $2 returning ${COLUMNS}`,
);

// What was begun or proved before a deactivation stays void when the user may go on.
const VOID = [
  statement('flex-users.void-transactions', 'delete from transactions where app_id = $1 and user_id = $2'),
  statement('flex-users.void-nonces', 'delete from nonces where app_id = $1 and user_id = $2'),
];

// First of all, as every ceremony holds its user before anything else of theirs: none then waits for an erasure that
// waits for it. The passkeys go before the rest, as a revocation holds one without its user.
const LOCK_TO_ERASE = statement(
  'flex-users.lock-to-erase',
  `select 1 as held from flex_users where app_id = $1 and id = $2 for update`,
);

const BURY_DEVICES = statement(
  'flex-users.bury-devices',
  `with gone as (delete from devices where app_id = $1 and user_id = $2 returning credential_id),
   known as (
     select credential_id from gone
     union
     select credential_id from legacy_devices where app_id = $1 and user_id = $2 and credential_id is not null)
   insert into tombstones (app_id, credential_hash) select $1, sha256(credential_id) from known
   on conflict do nothing`,
);

const ERASE = statement(
  'flex-users.erase',
  `delete from flex_users where app_id = $1 and id = $2 returning id`,
);

const CREATE = statement(
  'flex-users.create',
  `insert into flex_users (app_id, id, external_id, user_handle) values ($1, $2, $3, $4)
   on conflict (app_id, external_id) do nothing`,
);

const LOCK = statement(
  'flex-users.lock',
  `select ${COLUMNS} from flex_users where app_id = $1 and id = $2 for no key update`,
);

const HOLD = statement(
  'flex-users.hold',
  `select 1 as held from flex_users where app_id = $1 and id = $2 for key share`,
);

const SETTLE_HANDLE = statement(
  'flex-users.settle-handle',
  `update flex_users set user_handle_settled = true where app_id = $1 and id = $2`,
);

const COUNT_LOGIN = statement(
  'flex-users.count-login',
  `update flex_users set login_count = login_count + 1, last_login_at = now()
   where app_id = $1 and id = $2 and status <> 'inactive' returning id`,
);

/** The users of every app; each call names the app. */
@Injectable()
export class FlexUserRepository {
  constructor(private readonly database: Database) {}

  async find(appId: string, user: UserKey, on: Queryable = this.database): Promise<FlexUserRecord | null> {
    const [find, name] = addressed(FIND, user);
    const [row] = await on.query<FlexUserRow>(find, [appId, name]);
    return row ? toFlexUser(row) : null;
  }

  /** Null if the app has no such user. */
  async setStatus(
    appId: string,
    id: string,
    status: FlexUserStatus,
    tx: Queryable,
  ): Promise<FlexUserRecord | null> {
    const user = await this.lock(appId, id, tx);
    if (user?.status === 'inactive' && status !== 'inactive') {
      for (const voided of VOID) await tx.query(voided, [appId, id]);
    }
    const [row] = await tx.query<FlexUserRow>(SET_STATUS, [appId, id, status]);
    return row ? toFlexUser(row) : null;
  }

  /**
   * Deletes the user with their passkeys, transactions and nonces; false if the app has no such user. The passkeys leave
   * tombstones, so that no import brings them back.
   */
  async erase(appId: string, id: string, tx: Queryable): Promise<boolean> {
    await tx.query(LOCK_TO_ERASE, [appId, id]);
    await tx.query(BURY_DEVICES, [appId, id]);
    return (await tx.query(ERASE, [appId, id])).length === 1;
  }

  /**
   * The user of an external ID, made with a new user handle if there was none. Throws `user_not_found` if another made
   * and erased them at this moment, `app_not_found` if the app was deleted.
   */
  async findOrCreate(appId: string, externalId: string, on: Queryable): Promise<FlexUserRecord> {
    const known = await this.find(appId, { externalId }, on);
    if (known) return known;
    await on.query(CREATE, [appId, uuidv7(), externalId, randomBytes(32)]).catch(appNotFoundIfGone);
    const made = await this.find(appId, { externalId }, on);
    if (!made) throw new AppError('user_not_found');
    return made;
  }

  /** Holds the user's row until the transaction ends, so that what is counted of them stays true. */
  async lock(appId: string, id: string, tx: Queryable): Promise<FlexUserRecord | null> {
    const [row] = await tx.query<FlexUserRow>(LOCK, [appId, id]);
    return row ? toFlexUser(row) : null;
  }

  /** Keeps the user from being erased until the transaction ends; false if they are already. */
  async hold(appId: string, id: string, tx: Queryable): Promise<boolean> {
    return (await tx.query(HOLD, [appId, id])).length === 1;
  }

  /** Keeps the user's handle from being replaced: passkeys are about to be made with it. */
  async settleHandle(appId: string, id: string, tx: Queryable): Promise<void> {
    await tx.query(SETTLE_HANDLE, [appId, id]);
  }

  /** Counts a sign-in; false if the user has been deactivated. */
  async countLogin(appId: string, id: string, tx: Queryable): Promise<boolean> {
    return (await tx.query(COUNT_LOGIN, [appId, id])).length === 1;
  }
}

function appNotFoundIfGone(error: unknown): never {
  const isGone = sqlStateOf(error) === SQL_STATE.foreignKeyViolation;
  throw isGone ? new AppError('app_not_found', { cause: error }) : error;
}

/** Reads a row as the driver gives it. */
export const toFlexUser = (row: FlexUserRow): FlexUserRecord => ({
  ...row,
  lastLoginAt: row.lastLoginAt ? toDate(row.lastLoginAt) : null,
  createdAt: toDate(row.createdAt),
  updatedAt: toDate(row.updatedAt),
});
