import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { Database, type DatabaseTransaction, type Queryable } from '../database/database.js';
import { query, typed } from '../database/query.js';
import type { TiedBy } from './user.entity.js';

/** Issuer and subject of a verified token; compared exactly and case-sensitively. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

/** What an identity is held to; null where anything will do. */
export type NamedIdentity = { readonly [Part in keyof Identity]: string | null };

/** What is known of a user; `externalId` is null where the identity is not tied to any. */
export interface KnownUser {
  readonly username: string;
  readonly externalId: string | null;
  readonly tiedBy: TiedBy;
  /** Since when. */
  readonly tiedAt: Date;
}

/** A tie to be made. */
export interface NewTie extends Identity {
  readonly username: string;
  readonly externalId: string;
  readonly tiedBy: TiedBy;
}

/** Rounded up, as a `Date` has no microseconds: what was before the tie is never taken for what was after. */
const TIED_AT = sql<Date>`date_trunc('milliseconds', created_at + interval '999 microseconds')`;

const FIND = query('users.find', (db, $: Identity) =>
  db
    .selectFrom('users')
    .where('issuer', '=', $.issuer)
    .where('subject', '=', $.subject)
    .select(['username', 'passage_external_id as externalId', 'tied_by as tiedBy'])
    .select(TIED_AT.as('tiedAt')),
);

const FIND_BY_EXTERNAL_ID = query('users.find-by-external-id', (db, $: { externalId: string }) =>
  db
    .selectFrom('users')
    .where('passage_external_id', '=', $.externalId)
    .select(['issuer', 'subject', 'username']),
);

// Unlinking and erasing delete the row, and wait for this; a new display name does not.
const HOLD = query('users.hold', (db, $: Identity & { externalId: string }) =>
  db
    .selectFrom('users')
    .where('issuer', '=', $.issuer)
    .where('subject', '=', $.subject)
    .where('passage_external_id', '=', $.externalId)
    .select('id')
    .forKeyShare(),
);

const RENAME = query('users.rename', (db, $: Identity & { username: string }) =>
  db
    .updateTable('users')
    .set({ username: $.username, updated_at: sql`now()` })
    .where('issuer', '=', $.issuer)
    .where('subject', '=', $.subject)
    .where('username', '<>', $.username),
);

// Waits for those who tie either side at this moment, or untie it: the first of them decides.
const TIE = query('users.tie', (db, $: NewTie & { id: string }) =>
  db
    .insertInto('users')
    .values({
      id: $.id,
      issuer: $.issuer,
      subject: $.subject,
      username: $.username,
      passage_external_id: $.externalId,
      tied_by: $.tiedBy,
    })
    .onConflict((on) => on.doNothing())
    .returning('id'),
);

// By a statement after the one that waited: what others did by a tie of theirs was before.
const DATE = query('users.date', (db, $: { id: string }) =>
  db
    .updateTable('users')
    .set({ created_at: sql`clock_timestamp()` })
    .where('id', '=', $.id)
    .returning(TIED_AT.as('tiedAt')),
);

// Such a row stands in the way of a tie, and holds nothing but a name.
const DELETE_UNTIED = query('users.delete-untied', (db, $: Identity) =>
  db
    .deleteFrom('users')
    .where('issuer', '=', $.issuer)
    .where('subject', '=', $.subject)
    .where('passage_external_id', 'is', null),
);

const CONFIRM = query('users.confirm', (db, $: Identity) =>
  db
    .updateTable('users')
    .set({ tied_by: 'operator', updated_at: sql`now()` })
    .where('issuer', '=', $.issuer)
    .where('subject', '=', $.subject),
);

const UNTIE = query('users.untie', (db, $: { externalId: string } & NamedIdentity) =>
  db
    .deleteFrom('users')
    .where('passage_external_id', '=', $.externalId)
    .where('issuer', '=', sql<string>`coalesce(${typed.text($.issuer)}, issuer)`)
    .where('subject', '=', sql<string>`coalesce(${typed.text($.subject)}, subject)`)
    .returning(['issuer', 'subject']),
);

const FIND_FLEX_USER = query('users.find-flex-user', (db, $: { appId: string; externalId: string }) =>
  db
    .selectFrom('flex_users')
    .where('app_id', '=', $.appId)
    .where('external_id', '=', $.externalId)
    .select('id'),
);

/** The external ID under which the provider knows the user of an identity. */
@Injectable()
export class UserRepository {
  constructor(private readonly database: Database) {}

  /** Null for an identity that was never tied, or no longer is. */
  async find({ issuer, subject }: Identity, on: Queryable = this.database): Promise<KnownUser | null> {
    const [row] = await on.run(FIND, { issuer, subject });
    return row ?? null;
  }

  /** The identity that belongs to an external ID; null if there is none. */
  async findByExternalId(externalId: string): Promise<(Identity & { username: string }) | null> {
    const [row] = await this.database.run(FIND_BY_EXTERNAL_ID, { externalId });
    return row ?? null;
  }

  /** Keeps a tie from being undone until the transaction ends (FOR KEY SHARE); false if it does not hold. */
  async hold({ issuer, subject }: Identity, externalId: string, tx: DatabaseTransaction): Promise<boolean> {
    return (await tx.run(HOLD, { issuer, subject, externalId })).length === 1;
  }

  /** Keeps the display name last seen in a token, if the user is known at all. */
  async keepUsername({ issuer, subject }: Identity, username: string): Promise<void> {
    await this.database.run(RENAME, { issuer, subject, username });
  }

  /** Ties the two, and gives since when they are; null if either is tied already, be it to the other one. */
  async tie(tie: NewTie, tx: DatabaseTransaction): Promise<Date | null> {
    await tx.run(DELETE_UNTIED, tie);
    const [tied] = await tx.run(TIE, { ...tie, id: uuidv7() });
    if (!tied) return null;
    const [row] = await tx.run(DATE, tied);
    return row!.tiedAt;
  }

  /** Makes the tie of an identity the operator's, with whom no claim is compared. */
  async confirm(identity: Identity, tx: DatabaseTransaction): Promise<void> {
    await tx.run(CONFIRM, identity);
  }

  /**
   * Deletes the user whom the provider knows under this external ID, and gives their identity; null if there is none, or it
   * is another than the one that is named.
   */
  async untie(
    externalId: string,
    { issuer, subject }: NamedIdentity,
    tx: DatabaseTransaction,
  ): Promise<Identity | null> {
    const [row] = await tx.run(UNTIE, { externalId, issuer, subject });
    return row ?? null;
  }

  /** The id of the backend's user with this external ID, for the audit trail; null if it has none. */
  async flexUserId(appId: string, externalId: string, on: Queryable = this.database): Promise<string | null> {
    const [row] = await on.run(FIND_FLEX_USER, { appId, externalId });
    return row?.id ?? null;
  }
}
