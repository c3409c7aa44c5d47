import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { Database, type DatabaseTransaction } from '../database/database.js';
import { query } from '../database/query.js';

/** Issuer and subject of a verified token; compared exactly and case-sensitively. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

/** What is known of a user; `externalId` is null until a passkey is first added. */
export interface KnownUser {
  readonly username: string;
  readonly externalId: string | null;
}

const FIND = query('users.find', (db, $: Identity) =>
  db
    .selectFrom('users')
    .where('issuer', '=', $.issuer)
    .where('subject', '=', $.subject)
    .select(['username', 'passage_external_id as externalId']),
);

const FIND_BY_EXTERNAL_ID = query('users.find-by-external-id', (db, $: { externalId: string }) =>
  db
    .selectFrom('users')
    .where('passage_external_id', '=', $.externalId)
    .select(['issuer', 'subject', 'username']),
);

const RENAME = query('users.rename', (db, $: Identity & { username: string }) =>
  db
    .updateTable('users')
    .set({ username: $.username, updated_at: sql`now()` })
    .where('issuer', '=', $.issuer)
    .where('subject', '=', $.subject)
    .where('username', '<>', $.username),
);

// The first of several that race makes the external ID; all of them get that one.
const ENROL = query('users.enrol', (db, $: Identity & { id: string; username: string; externalId: string }) =>
  db
    .insertInto('users')
    .values({
      id: $.id,
      issuer: $.issuer,
      subject: $.subject,
      username: $.username,
      passage_external_id: $.externalId,
    })
    .onConflict((on) =>
      on.columns(['issuer', 'subject']).doUpdateSet((it) => ({
        passage_external_id: it.fn.coalesce('users.passage_external_id', 'excluded.passage_external_id'),
        username: it.ref('excluded.username'),
        updated_at: sql`now()`,
      })),
    )
    .returning('passage_external_id as externalId'),
);

const ERASE = query('users.erase', (db, $: { externalId: string }) =>
  db.deleteFrom('users').where('passage_external_id', '=', $.externalId),
);

/** The external ID under which the provider knows the user of an identity. */
@Injectable()
export class UserRepository {
  constructor(private readonly database: Database) {}

  /** Null for an identity that was never enrolled, or was erased. */
  async find({ issuer, subject }: Identity): Promise<KnownUser | null> {
    const [row] = await this.database.run(FIND, { issuer, subject });
    return row ?? null;
  }

  /** The identity that belongs to an external ID; null if there is none. */
  async findByExternalId(externalId: string): Promise<(Identity & { username: string }) | null> {
    const [row] = await this.database.run(FIND_BY_EXTERNAL_ID, { externalId });
    return row ?? null;
  }

  /** Deletes the user whom the provider knew under this external ID, if there is one. */
  async erase(externalId: string, tx: DatabaseTransaction): Promise<void> {
    await tx.run(ERASE, { externalId });
  }

  /** Keeps the display name last seen in a token, if the user is known at all. */
  async keepUsername({ issuer, subject }: Identity, username: string): Promise<void> {
    await this.database.run(RENAME, { issuer, subject, username });
  }

  /** The user's external ID, made now if there was none. */
  async enrol({ issuer, subject }: Identity, username: string): Promise<string> {
    const made = { id: uuidv7(), issuer, subject, username, externalId: randomUUID() };
    const [row] = await this.database.run(ENROL, made);
    return row!.externalId!;
  }
}
