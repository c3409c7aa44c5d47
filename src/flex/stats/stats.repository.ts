import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../database/database.js';
import { query } from '../../database/query.js';

interface OfApp {
  appId: string;
}

// Over the index of a user's passkeys alone, whose order makes the groups.
const USERS = query('stats.users', (db, $: OfApp) =>
  db
    .with('holders', (all) =>
      all
        .selectFrom('devices')
        .where('app_id', '=', $.appId)
        .groupBy('user_id')
        .select((it) => [it.fn.countAll<number>().as('passkeys')]),
    )
    .selectFrom('holders')
    .select((it) => [
      sql<number>`(${it
        .selectFrom('flex_users')
        .where('app_id', '=', $.appId)
        .select((all) => all.fn.countAll().as('count'))})`.as('total'),
      it.fn.countAll<number>().filterWhere('passkeys', '=', 1).as('withOne'),
      it.fn.countAll<number>().filterWhere('passkeys', '>', 1).as('withSeveral'),
    ]),
);

const PASSKEYS = query('stats.passkeys', (db, $: OfApp) =>
  db
    .selectFrom('devices')
    .where('app_id', '=', $.appId)
    .select((it) => [
      it.fn.countAll<number>().as('total'),
      it.fn.countAll<number>().filterWhere('backed_up', '=', true).as('synced'),
      it.fn.countAll<number>().filterWhere('backed_up', '=', false).as('notSynced'),
      it.fn.countAll<number>().filterWhere('backed_up', 'is', null).as('unknown'),
    ]),
);

const MODELS = query('stats.models', (db, $: OfApp) =>
  db
    .selectFrom('devices')
    .where('app_id', '=', $.appId)
    .groupBy('aaguid')
    .select((it) => ['aaguid', it.fn.countAll<number>().as('passkeys')]),
);

const DAY = sql<Date>`date_trunc('day', created_at at time zone 'UTC')`;

// Days are those of UTC, by the database's clock; a day without sign-ins is listed too.
const SIGN_INS = query('stats.sign-ins', (db, $: OfApp & { days: number }) => {
  const today = sql<Date>`date_trunc('day', now() at time zone 'UTC')`;
  const first = sql<Date>`${today} - make_interval(days => ${$.days}::integer - 1)`;
  const counted = db
    .selectFrom('audit_events')
    .where('app_id', '=', $.appId)
    .where('type', '=', 'passkey.used')
    .where('created_at', '>=', sql<Date>`(${first}) at time zone 'UTC'`)
    .groupBy(DAY)
    .select((it) => [DAY.as('day'), it.fn.countAll<number>().as('count')]);
  return db
    .selectFrom(
      sql<{ day: Date }>`generate_series(${first}, ${today}, interval '1 day')`.as<'d'>(sql`d(day)`),
    )
    .leftJoin(counted.as('s'), 's.day', 'd.day')
    .select([
      sql<string>`to_char(d.day, 'YYYY-MM-DD')`.as('day'),
      sql<number>`coalesce(s.count, 0)`.as('signIns'),
    ])
    .orderBy('d.day', 'desc');
});

/** Counts what an app has, each in one statement. */
@Injectable()
export class StatsRepository {
  constructor(private readonly database: Database) {}

  /** Its users, and how many of them have one passkey or several. */
  async users(appId: string): Promise<{ total: number; withOne: number; withSeveral: number }> {
    const [row] = await this.database.run(USERS, { appId });
    return row!;
  }

  /** Its passkeys by backup state, which an import may not know. */
  async passkeys(
    appId: string,
  ): Promise<{ total: number; synced: number; notSynced: number; unknown: number }> {
    const [row] = await this.database.run(PASSKEYS, { appId });
    return row!;
  }

  /** Its passkeys by AAGUID. */
  models(appId: string): Promise<{ aaguid: string; passkeys: number }[]> {
    return this.database.run(MODELS, { appId });
  }

  /** Its finished sign-ins on each of the last days, today the first. */
  signIns(appId: string, days: number): Promise<{ day: string; signIns: number }[]> {
    return this.database.run(SIGN_INS, { appId, days });
  }
}
