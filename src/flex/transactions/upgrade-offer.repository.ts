import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { DatabaseTransaction } from '../../database/database.js';
import { query, type SqlBuilder } from '../../database/query.js';

/** One user of one app, by our id. */
interface OneUser {
  readonly appId: string;
  readonly id: string;
}

/** As many as the column keeps. */
const OFFERS_A_DAY = 5;

const openTransactions = (db: SqlBuilder, $: OneUser) =>
  db
    .selectFrom('transactions')
    .where('app_id', '=', $.appId)
    .where('user_id', '=', $.id)
    .where('conditional', '=', true)
    .where('consumed_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`);

const OFFER = query('upgrade-offers.offer', (db, $: OneUser) =>
  db
    .updateTable('flex_users')
    .set({
      upgrades_offered_at: sql`(upgrades_offered_at || now())[greatest(1, cardinality(upgrades_offered_at) - ${sql.lit(OFFERS_A_DAY - 2)}):]`,
    })
    .where('app_id', '=', $.appId)
    .where('id', '=', $.id)
    .where((it) =>
      it.or([
        it(sql<number>`cardinality(upgrades_offered_at)`, '<', sql.lit(OFFERS_A_DAY)),
        it(sql<Date>`upgrades_offered_at[1]`, '<=', sql<Date>`now() - interval '1 day'`),
      ]),
    )
    .where((it) => it.not(it.exists(openTransactions(db, $).select('hash')))),
);

const WAIT = query('upgrade-offers.wait', (db, $: OneUser) => {
  const openUntil = openTransactions(db, $).select((it) => it.fn.max('expires_at').as('until'));
  const nextOffer = sql<Date | null>`
    case when cardinality(upgrades_offered_at) >= ${sql.lit(OFFERS_A_DAY)}
      then upgrades_offered_at[1] + interval '1 day' end`;
  return db
    .selectFrom('flex_users')
    .where('app_id', '=', $.appId)
    .where('id', '=', $.id)
    .select(
      sql<number>`ceil(extract(epoch from greatest(${openUntil}, ${nextOffer}) - now()))::integer`.as(
        'seconds',
      ),
    );
});

/** How often users are offered an automatic upgrade: one conditional transaction at a time, five in 24 hours. */
@Injectable()
export class UpgradeOfferRepository {
  /**
   * Counts one more offer, for a user whom the transaction has locked by a statement before: what is read of their
   * transactions stays true. Answers with null, or with the seconds to wait if this one is too many.
   */
  async offer(user: OneUser, tx: DatabaseTransaction): Promise<number | null> {
    if ((await tx.count(OFFER, user)) === 1) return null;
    const [row] = await tx.run(WAIT, user);
    return Math.max(1, row?.seconds ?? 1);
  }
}
