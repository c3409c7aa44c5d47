import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../database/database.js';
import { type Queryable, statement } from '../database/statement.js';

/** Who a verified token speaks of; compared exactly and case-sensitively. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

/** What is known of a user; `externalId` is null until a passkey is first added. */
export interface KnownUser {
  readonly username: string;
  readonly externalId: string | null;
}

const FIND = statement(
  'users.find',
  `select username, passage_external_id as "externalId" from users where issuer = $1 and subject = $2`,
);

const FIND_BY_EXTERNAL_ID = statement(
  'users.find-by-external-id',
  `select issuer, subject, username from users where passage_external_id = $1`,
);

const RENAME = statement(
  'users.rename',
  `update users set username = $3, updated_at = now() where issuer = $1 and subject = $2 and username <> $3`,
);

// The first of several that race makes the external ID; all of them are given that one.
const ENROL = statement(
  'users.enrol',
  `insert into users (id, issuer, subject, username, passage_external_id) values ($1, $2, $3, $4, $5)
   on conflict (issuer, subject) do update
     set passage_external_id = coalesce(users.passage_external_id, excluded.passage_external_id),
         username = excluded.username, updated_at = now()
   returning passage_external_id as "externalId"`,
);

const ERASE = statement(
  'users.erase',
  `delete from users where passage_external_id = $1 returning 1 as gone`,
);

/** Our own users: the tie between a token's identity and the external ID under which the provider knows them. */
@Injectable()
export class UserRepository {
  constructor(private readonly database: Database) {}

  async find({ issuer, subject }: Identity): Promise<KnownUser | null> {
    const [row] = await this.database.query<KnownUser>(FIND, [issuer, subject]);
    return row ?? null;
  }

  /** Who it is that the provider knows under this external ID. */
  async findByExternalId(externalId: string): Promise<(Identity & { username: string }) | null> {
    const [row] = await this.database.query<Identity & { username: string }>(FIND_BY_EXTERNAL_ID, [
      externalId,
    ]);
    return row ?? null;
  }

  /** Forgets whoever the provider knew under this external ID. */
  async erase(externalId: string, tx: Queryable): Promise<void> {
    await tx.query(ERASE, [externalId]);
  }

  /** Keeps the display name last seen in a token, if the user is known at all. */
  async keepUsername({ issuer, subject }: Identity, username: string): Promise<void> {
    await this.database.query(RENAME, [issuer, subject, username]);
  }

  /** The user's external ID, made now if there was none. */
  async enrol({ issuer, subject }: Identity, username: string): Promise<string> {
    const [row] = await this.database.query<{ externalId: string }>(ENROL, [
      uuidv7(),
      issuer,
      subject,
      username,
      randomUUID(),
    ]);
    return row!.externalId;
  }
}
