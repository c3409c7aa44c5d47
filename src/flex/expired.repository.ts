import { sql } from 'kysely';
import { query } from '../database/query.js';

/**
 * The query that deletes a batch (1,000 rows) of what expired ten minutes ago. It skips rows that another transaction has
 * locked, so that replicas purge together and no request waits for a purge.
 */
export const purgeExpiredOf = (name: string, table: 'transactions' | 'spent_handshakes' | 'nonces') =>
  query(name, (db) =>
    db.deleteFrom(table).where((it) =>
      it(
        it.refTuple('app_id', 'hash'),
        'in',
        it
          .selectFrom(table)
          .where('expires_at', '<', sql<Date>`now() - interval '10 minutes'`)
          .select(['app_id', 'hash'])
          .limit(1_000)
          .forUpdate()
          .skipLocked()
          .$asTuple('app_id', 'hash'),
      ),
    ),
  );
