import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { type Queryable, statement } from '../../database/statement.js';
import type { FlexUserStatus } from '../users/flex-user.repository.js';
import type { CeremonyKind } from './ceremony-kind.js';

/** An open transaction together with what starting its ceremony needs to know. */
export interface OpenTransaction {
  readonly userId: string;
  readonly status: FlexUserStatus;
  readonly userHandle: Buffer;
  readonly passkeyDisplayName: string | null;
  /** The database's clock when this was read, in milliseconds since the epoch. */
  readonly now: number;
  readonly credentials: readonly { readonly id: Buffer; readonly transports: readonly string[] }[];
}

interface OpenRow {
  userId: string;
  status: FlexUserStatus;
  userHandle: Buffer;
  passkeyDisplayName: string | null;
  now: string;
  credentialId: Buffer | null;
  transports: string[] | null;
}

const OPEN = statement(
  'transactions.open',
  `select t.user_id as "userId", u.status, u.user_handle as "userHandle",
     t.passkey_display_name as "passkeyDisplayName", now() as now,
     d.credential_id as "credentialId", d.transports
   from transactions t
   join flex_users u on u.app_id = t.app_id and u.id = t.user_id
   left join devices d on d.app_id = t.app_id and d.user_id = t.user_id
   where t.hash = $1 and t.app_id = $2 and t.kind = $3 and t.consumed_at is null and t.expires_at > now()
   order by d.last_login_at desc nulls last, d.created_at`,
);

// Waits for whoever is just erasing the user, and then finds nobody.
const CREATE = statement(
  'transactions.create',
  `insert into transactions (hash, app_id, user_id, kind, passkey_display_name, expires_at)
   select $1, app_id, id, $4, $5, now() + make_interval(secs => $6)
   from flex_users where app_id = $2 and id = $3 for key share
   returning 1 as created`,
);

// The user is held before anything of theirs, here as everywhere: whoever took the rows in another order could wait for
// an erasure that waits for them.
const CONSUME = statement(
  'transactions.consume',
  `with owner as materialized (
     select u.id from transactions t join flex_users u on u.app_id = t.app_id and u.id = t.user_id
     where t.hash = $1 and t.app_id = $2 and t.kind = $3
     for no key update of u)
   update transactions set consumed_at = now() from owner
   where hash = $1 and app_id = $2 and kind = $3 and consumed_at is null and expires_at > now()
     and user_id = owner.id
   returning user_id as "userId"`,
);

const OWNER = statement(
  'transactions.owner',
  `select user_id as "userId" from transactions where hash = $1 and app_id = $2`,
);

/** Transactions, found by the SHA-256 of the id that the client holds; each call names app and kind. */
@Injectable()
export class TransactionRepository {
  constructor(private readonly database: Database) {}

  /** False if the user is gone. @param lifetime seconds, counted by the database's clock. */
  async create(
    transaction: {
      hash: Buffer;
      appId: string;
      userId: string;
      kind: CeremonyKind;
      displayName: string | null;
    },
    lifetime: number,
    on: Queryable = this.database,
  ): Promise<boolean> {
    const { hash, appId, userId, kind, displayName } = transaction;
    return (await on.query(CREATE, [hash, appId, userId, kind, displayName, lifetime])).length === 1;
  }

  /** Null if it is unknown, expired, spent, of another app or of the other kind. */
  async findOpen(hash: Buffer, appId: string, kind: CeremonyKind): Promise<OpenTransaction | null> {
    const rows = await this.database.query<OpenRow>(OPEN, [hash, appId, kind]);
    const [first] = rows;
    if (!first) return null;
    const credentials = rows.flatMap(({ credentialId, transports }) =>
      credentialId ? [{ id: credentialId, transports: transports ?? [] }] : [],
    );
    return { ...first, now: new Date(first.now).getTime(), credentials };
  }

  /** The id of its user, whatever became of it; null if it is unknown or of another app. */
  async ownerOf(hash: Buffer, appId: string): Promise<string | null> {
    const [row] = await this.database.query<{ userId: string }>(OWNER, [hash, appId]);
    return row?.userId ?? null;
  }

  /** Uses it up for good; its user's id, or null where `findOpen` would have found nothing. */
  async consume(hash: Buffer, appId: string, kind: CeremonyKind, tx: Queryable): Promise<string | null> {
    const [row] = await tx.query<{ userId: string }>(CONSUME, [hash, appId, kind]);
    return row?.userId ?? null;
  }
}
