import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type RawBuilder, sql } from 'kysely';
import type { DatabaseTransaction, Queryable } from '../database/database.js';
import { query, type SqlBuilder } from '../database/query.js';
import type { Identity } from './user.repository.js';

/** An identity and an external ID of the users of an app. */
export interface Tie extends Identity {
  readonly appId: string;
  readonly externalId: string;
}

/** A mark that an identity or an external ID has. */
export interface Mark {
  /** Whether it is the identity's own, and whether it is of this external ID; one of them at least. */
  readonly isOfIdentity: boolean;
  readonly isOfExternalId: boolean;
  readonly markedAt: Date;
}

/**
 * SHA-256 keyed twice, so that a hash cannot be extended without the key; it is null while the app has no key, and then has no
 * marks.
 */
const keyed = (key: RawBuilder<unknown>, text: RawBuilder<unknown>) =>
  sql<Buffer>`sha256(${key} || sha256(${key} || convert_to(${text}, 'UTF8')))`;

const KEY = sql`k.key`;

/** The length keeps an issuer and a subject apart, of which the one may end as the other begins. */
const hashOfIdentity = (issuer: unknown, subject: unknown) =>
  keyed(KEY, sql`'identity ' || octet_length(${issuer}::text) || ' ' || ${issuer}::text || ${subject}::text`);
const hashOfExternalId = (externalId: unknown) => keyed(KEY, sql`'external ID ' || ${externalId}::text`);

const keyOf = (db: SqlBuilder, appId: string) =>
  db.selectFrom('tie_mark_keys as k').where('k.app_id', '=', appId);

const DRAW_KEY = query('tie-marks.draw-key', (db, $: { appId: string; key: Buffer }) =>
  db
    .insertInto('tie_mark_keys')
    .values({ app_id: $.appId, key: $.key })
    .onConflict((on) => on.doNothing()),
);

const MARK = query('tie-marks.mark', (db, $: Tie) =>
  db
    .insertInto('tie_marks')
    .columns(['app_id', 'external_id_hash', 'identity_hash'])
    .expression(
      keyOf(db, $.appId).select([
        'k.app_id',
        hashOfExternalId($.externalId).as('external_id_hash'),
        hashOfIdentity($.issuer, $.subject).as('identity_hash'),
      ]),
    )
    .onConflict((on) =>
      on
        .columns(['app_id', 'external_id_hash', 'identity_hash'])
        .doUpdateSet({ marked_at: sql`clock_timestamp()` }),
    ),
);

const FIND = query('tie-marks.find', (db, $: Tie) =>
  db
    .with('named', () =>
      keyOf(db, $.appId).select([
        hashOfExternalId($.externalId).as('external_id'),
        hashOfIdentity($.issuer, $.subject).as('identity'),
      ]),
    )
    .selectFrom(['tie_marks as m', 'named as n'])
    .where('m.app_id', '=', $.appId)
    .where((it) =>
      it.or([
        it('m.external_id_hash', '=', it.ref('n.external_id')),
        it('m.identity_hash', '=', it.ref('n.identity')),
      ]),
    )
    .select([
      sql<boolean>`m.identity_hash = n.identity`.as('isOfIdentity'),
      sql<boolean>`m.external_id_hash = n.external_id`.as('isOfExternalId'),
      'm.marked_at as markedAt',
    ]),
);

// Compared with an array, so that each is looked up in the index, however many marks the app has.
const LIFT = query('tie-marks.lift', (db, $: { appId: string; externalIds: readonly string[] }) =>
  db
    .deleteFrom('tie_marks as m')
    .where('m.app_id', '=', $.appId)
    .where(
      'm.external_id_hash',
      '=',
      sql<Buffer>`any(array(${keyOf(db, $.appId)
        .innerJoin(sql<{ id: string }>`unnest(${$.externalIds}::text[])`.as<'x'>(sql`x(id)`), (on) =>
          on.onTrue(),
        )
        .select(hashOfExternalId(sql.ref('x.id')).as('hash'))}))`,
    ),
);

/** What remains of ties that were undone: keyed hashes, as the persons may have been erased. */
@Injectable()
export class TieMarkRepository {
  /** Marks a tie that ends in this transaction, with the time of now. */
  async mark(tie: Tie, tx: DatabaseTransaction): Promise<void> {
    await tx.run(DRAW_KEY, { appId: tie.appId, key: randomBytes(32) });
    await tx.run(MARK, tie);
  }

  /** The marks of an identity and of an external ID, as other transactions have committed them by now. */
  find(tie: Tie, on: Queryable): Promise<Mark[]> {
    return on.run(FIND, tie);
  }

  /** Deletes every mark of the external IDs. */
  async lift(appId: string, externalIds: readonly string[], tx: DatabaseTransaction): Promise<void> {
    await tx.run(LIFT, { appId, externalIds });
  }
}
