import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database, type Queryable } from '../../database/database.js';
import { query, typed } from '../../database/query.js';
import { purgeExpiredOf } from '../expired.repository.js';
import type { StepUpAct } from '../step-up/step-up.js';
import type { FlexUserStatus } from '../users/flex-user.entity.js';
import type { CeremonyKind } from './transaction.entity.js';

/** A transaction that may still be used, with its user and the passkeys they have now. */
export interface OpenTransaction {
  readonly status: FlexUserStatus;
  readonly userHandle: Buffer;
  readonly passkeyDisplayName: string | null;
  /** Null where the display name stands for it. */
  readonly username: string | null;
  /** Whether it is of an automatic upgrade. */
  readonly conditional: boolean;
  /** What the sign-in is to be the step-up for; null for any other. */
  readonly act: StepUpAct | null;
  /** The database's clock, milliseconds since the epoch. */
  readonly now: number;
  /** Last used first. */
  readonly credentials: readonly { readonly id: Buffer; readonly transports: readonly string[] }[];
}

/** A transaction to be made; `lifetime` in seconds, counted by the database's clock. */
interface NewTransaction {
  hash: Buffer;
  appId: string;
  userId: string;
  kind: CeremonyKind;
  displayName: string | null;
  username: string | null;
  conditional: boolean;
  unproven: boolean;
  act: StepUpAct | null;
  target: string | null;
  lifetime: number;
}

// Waits for an erasure of the user that is under way, and then finds them gone.
const CREATE = query('transactions.create', (db, $: NewTransaction) =>
  db
    .insertInto('transactions')
    .columns([
      'hash',
      'app_id',
      'user_id',
      'kind',
      'passkey_display_name',
      'username',
      'conditional',
      'unproven',
      'act',
      'target',
      'expires_at',
    ])
    .expression((from) =>
      from
        .selectFrom('flex_users')
        .where('app_id', '=', $.appId)
        .where('id', '=', $.userId)
        .select([
          typed.bytea($.hash).as('hash'),
          'app_id',
          'id',
          typed.text($.kind).as('kind'),
          typed.text($.displayName).as('display_name'),
          typed.text($.username).as('username'),
          typed.boolean($.conditional).as('conditional'),
          typed.boolean($.unproven).as('unproven'),
          typed.text($.act).as('act'),
          typed.text($.target).as('target'),
          typed.secondsFromNow($.lifetime).as('expires_at'),
        ])
        .forKeyShare(),
    ),
);

// A user without passkeys is one row whose credential is null.
const FIND_OPEN = query(
  'transactions.find-open',
  (db, $: { appId: string; hash: Buffer; kind: CeremonyKind }) =>
    db
      .selectFrom('transactions as t')
      .innerJoin('flex_users as u', (on) =>
        on.onRef('u.app_id', '=', 't.app_id').onRef('u.id', '=', 't.user_id'),
      )
      .leftJoin('devices as d', (on) =>
        on.onRef('d.app_id', '=', 't.app_id').onRef('d.user_id', '=', 't.user_id'),
      )
      .where('t.app_id', '=', $.appId)
      .where('t.hash', '=', $.hash)
      .where('t.kind', '=', $.kind)
      .where('t.consumed_at', 'is', null)
      .where('t.expires_at', '>', sql<Date>`now()`)
      .select([
        'u.status',
        'u.user_handle as userHandle',
        't.passkey_display_name as passkeyDisplayName',
        't.username',
        't.conditional',
        't.act',
        sql<Date>`now()`.as('now'),
        'd.credential_id as credentialId',
        'd.transports',
      ])
      .orderBy('d.last_login_at', (it) => it.desc().nullsLast())
      .orderBy('d.created_at'),
);

const OWNER = query('transactions.owner', (db, $: { appId: string; hash: Buffer }) =>
  db
    .selectFrom('transactions')
    .where('app_id', '=', $.appId)
    .where('hash', '=', $.hash)
    .select('user_id as userId'),
);

const PURGE = purgeExpiredOf('transactions.purge', 'transactions');

/** Transactions, found by the SHA-256 of the id that the client holds; each call names the app. */
@Injectable()
export class TransactionRepository {
  constructor(private readonly database: Database) {}

  /** False if the user is gone. */
  async create(transaction: NewTransaction, on: Queryable = this.database): Promise<boolean> {
    return (await on.count(CREATE, transaction)) === 1;
  }

  /** Null if it is unknown, expired, spent, of another app or of the other kind. */
  async findOpen(appId: string, hash: Buffer, kind: CeremonyKind): Promise<OpenTransaction | null> {
    const rows = await this.database.run(FIND_OPEN, { appId, hash, kind });
    const [first] = rows;
    if (!first) return null;
    const credentials = rows.flatMap(({ credentialId, transports }) =>
      credentialId ? [{ id: credentialId, transports: transports ?? [] }] : [],
    );
    const { status, userHandle, passkeyDisplayName, username, conditional, act } = first;
    const names = { passkeyDisplayName, username };
    return { status, userHandle, ...names, conditional, act, now: first.now.getTime(), credentials };
  }

  /** The id of its user, whether or not it may still be used; null if it is unknown or of another app. */
  async ownerOf(appId: string, hash: Buffer): Promise<string | null> {
    const [row] = await this.database.run(OWNER, { appId, hash });
    return row?.userId ?? null;
  }

  /** Deletes a batch of transactions that expired ten minutes ago; 0 if there are none left. */
  purgeExpired(): Promise<number> {
    return this.database.count(PURGE, {});
  }
}
