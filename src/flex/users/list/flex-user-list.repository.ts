import { Injectable } from '@nestjs/common';
import { bulkhead, isBulkheadRejectedError } from 'cockatiel';
import { type ExpressionBuilder, type RawBuilder, sql } from 'kysely';
import { Database } from '../../../database/database.js';
import type { Tables } from '../../../database/entities.js';
import type { SqlBuilder } from '../../../database/query.js';
import { tooManyRequests } from '../../../http/rate-limit.js';
import { FLEX_USER_COLUMNS, type FlexUserRecord } from '../flex-user.repository.js';
import type { UserDateColumn, UserListQuery } from './user-list-query.js';

/** One page of an app's users, and how many there are on all pages. */
export interface UserPage {
  readonly users: readonly FlexUserRecord[];
  readonly total: number;
  /** Seconds since the epoch: a later page that is asked for with it leaves out users who were made after this page. */
  readonly createdBefore: number;
}

const AT_ONCE = 2;
const WAITING = 20;
const RETRY_SOON = 2_000; // ms

const LAST_LOGIN = sql<Date>`coalesce(last_login_at, created_at)`;

/** Dates as callers are shown them: to the millisecond, and the last sign-in is never missing. */
const SHOWN: Readonly<Record<UserDateColumn, RawBuilder<Date>>> = {
  created_at: sql`date_trunc('milliseconds', created_at)`,
  updated_at: sql`date_trunc('milliseconds', updated_at)`,
  last_login_at: sql`date_trunc('milliseconds', ${LAST_LOGIN})`,
};

// By the clock that dates the rows, and whole: none of those counted now is left out of a later page.
const NEXT_SECOND = sql<number>`(floor(extract(epoch from now())) + 1)::bigint`;

/** Lists the users of an app, by the one query of this service that is composed for each request. */
@Injectable()
export class FlexUserListRepository {
  private readonly turns = bulkhead(AT_ONCE, WAITING);

  constructor(private readonly database: Database) {}

  /** One page. Throws `too_many_requests` if too many lists are waiting already. */
  async list(appId: string, query: UserListQuery): Promise<UserPage> {
    const matching = (db: SqlBuilder) =>
      db.selectFrom('flex_users as u').where((it) => conditionOf(it, appId, query));
    const page = (db: SqlBuilder) => {
      let rows = matching(db)
        .select(FLEX_USER_COLUMNS)
        .limit(query.limit)
        .offset((query.page - 1) * query.limit);
      for (const { column, direction } of query.orderBy) {
        rows = rows.orderBy(column === 'last_login_at' ? LAST_LOGIN : column, direction);
      }
      return rows.orderBy('created_at').orderBy('id');
    };
    const counted = (db: SqlBuilder) =>
      matching(db).select((it) => [it.fn.countAll<number>().as('total'), NEXT_SECOND.as('nextSecond')]);
    return this.inTurn(query, async () => {
      const users = await this.database.ask(page);
      const [count] = await this.database.ask(counted);
      const { total, nextSecond } = count!;
      return { users, total, createdBefore: query.createdBefore ?? nextSecond };
    });
  }

  /** A query that does not name one user may read every row of the app, so only a few of them run at a time. */
  private async inTurn<T>({ identifier, id }: UserListQuery, work: () => Promise<T>): Promise<T> {
    if (identifier !== undefined || id !== undefined) return work();
    try {
      return await this.turns.execute(work);
    } catch (error) {
      throw isBulkheadRejectedError(error) ? tooManyRequests(RETRY_SOON) : error;
    }
  }
}

function conditionOf(
  where: ExpressionBuilder<Tables & { u: Tables['flex_users'] }, 'u'>,
  appId: string,
  { identifier, id, status, loginCount, dates, createdBefore }: UserListQuery,
) {
  return where.and([
    where('app_id', '=', appId),
    ...(identifier === null ? [sql<boolean>`false`] : []),
    ...(identifier != null ? [where('external_id', '=', identifier)] : []),
    ...(id !== undefined ? [where('id', '=', id)] : []),
    ...(status !== undefined ? [where('status', '=', status)] : []),
    ...(loginCount ? [where('login_count', loginCount.operator, loginCount.value)] : []),
    ...dates.map(({ column, operator, value }) => where(SHOWN[column], operator, value)),
    ...(createdBefore !== undefined ? [where('created_at', '<', new Date(createdBefore * 1000))] : []),
  ]);
}
