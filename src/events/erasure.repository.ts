import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database, type DatabaseTransaction } from '../database/database.js';
import { query, type SqlBuilder, typed } from '../database/query.js';

/** How many events are made anonymous in one transaction, which locks as many rows. */
export const ERASURE_BATCH = 1_000;

/** A user who was erased. */
interface ErasedUser {
  appId: string;
  userId: string;
}

const MARK = query('erasures.mark', (db, $: ErasedUser) =>
  db.insertInto('erasures').values({ app_id: $.appId, user_id: $.userId }),
);

// In the order in which a delivery locks them.
const DELETE_QUEUED = query('erasures.delete-queued', (db, $: { appId: string; externalId: string }) =>
  db
    .with('theirs', (all) =>
      all
        .selectFrom('webhook_deliveries')
        .where('app_id', '=', $.appId)
        .where('external_id', '=', $.externalId)
        // The external ID may have been another user's before.
        .where('type', '<>', 'user.deleted')
        .select(['app_id', 'webhook_id', 'seq'])
        .orderBy('seq')
        .forUpdate(),
    )
    .deleteFrom('webhook_deliveries as d')
    .using('theirs as t')
    .whereRef('d.app_id', '=', 't.app_id')
    .whereRef('d.webhook_id', '=', 't.webhook_id')
    .whereRef('d.seq', '=', 't.seq'),
);

/** Another replica's is skipped: each works at another one. */
const marked = (db: SqlBuilder) =>
  db
    .selectFrom('erasures')
    .select(['app_id as appId', 'user_id as userId', 'anonymised_to as anonymisedTo'])
    .orderBy('erased_at')
    .limit(1)
    .forUpdate()
    .skipLocked();

const NEXT = query('erasures.next', (db) => marked(db));
const ONE = query('erasures.one', (db, $: ErasedUser) =>
  marked(db).where('app_id', '=', $.appId).where('user_id', '=', $.userId),
);

// In the order of the index by which the events of a user are found. Where the last one was purged since, from the beginning.
const isAfterTheLast = (db: SqlBuilder, $: ErasedUser & { anonymisedTo: string }) => {
  const last = db.selectFrom('audit_events').where('app_id', '=', $.appId).where('id', '=', $.anonymisedTo);
  return sql<boolean>`(created_at, id) > (coalesce((${last.select('created_at')}), '-infinity'), ${$.anonymisedTo}::text)`;
};

const LAST = sql<string>`(array_agg(id order by created_at desc, id desc))[1]`;

// The request's id leads to the person as well, and callers may choose it. The erasure itself names the server that asked.
const ANONYMISE = query('erasures.anonymise', (db, $: ErasedUser & { anonymisedTo: string }) =>
  db
    .with('batch', (events) =>
      events
        .selectFrom('audit_events')
        .where('app_id', '=', $.appId)
        .where('user_id', '=', $.userId)
        .where(isAfterTheLast(db, $))
        .select(['id', 'type', 'created_at'])
        .orderBy('created_at')
        .orderBy('id')
        .limit(ERASURE_BATCH),
    )
    .with('anonymised', (events) =>
      events
        .updateTable('audit_events')
        .set({ actor: null, address: null, user_agent: null, request_id: null })
        .where('app_id', '=', $.appId)
        .where('id', 'in', (batch) =>
          batch.selectFrom('batch').where('type', '<>', 'user.deleted').select('id'),
        ),
    )
    .selectFrom('batch')
    .select((it) => [it.fn.countAll<number>().as('count'), LAST.as('last')]),
);

const ADVANCE = query('erasures.advance', (db, $: ErasedUser & { last: string }) =>
  db
    .updateTable('erasures')
    .set({ anonymised_to: typed.text($.last) })
    .where('app_id', '=', $.appId)
    .where('user_id', '=', $.userId),
);

const END = query('erasures.end', (db, $: ErasedUser) =>
  db.deleteFrom('erasures').where('app_id', '=', $.appId).where('user_id', '=', $.userId),
);

/** Users who were erased, until all their events are anonymous. */
@Injectable()
export class ErasureRepository {
  constructor(private readonly database: Database) {}

  /** From the commit on, no event of the user shows who acted and from where. */
  async mark(appId: string, userId: string, tx: DatabaseTransaction): Promise<void> {
    await tx.run(MARK, { appId, userId });
  }

  /** Deletes what webhooks have of a user, waiting, delivered or dead, but for that they were erased. */
  async deleteQueued(appId: string, externalId: string, tx: DatabaseTransaction): Promise<void> {
    await tx.count(DELETE_QUEUED, { appId, externalId });
  }

  /**
   * Removes actor, address, user agent and request from the next events, of one erased user or of any, and commits. Gives how
   * many were looked at; 0 if nothing is left, or others are at it. What crashed in between goes on where it stopped.
   */
  async anonymiseBatch(user?: ErasedUser): Promise<number> {
    return this.database.transaction(async (tx) => {
      const [erased] = user ? await tx.run(ONE, user) : await tx.run(NEXT, {});
      if (!erased) return 0;
      const [batch] = await tx.run(ANONYMISE, erased);
      const { count, last } = batch!;
      if (count < ERASURE_BATCH) await tx.run(END, erased);
      else await tx.run(ADVANCE, { ...erased, last });
      return count;
    });
  }
}
