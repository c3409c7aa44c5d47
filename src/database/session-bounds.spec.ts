import { Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../test/support/test-database.js';
import { boundsWarning, type SessionBounds, statementsFor } from './session-bounds.js';

const BOUNDS: SessionBounds = {
  statement_timeout: 10_000,
  lock_timeout: 2_000,
  idle_in_transaction_session_timeout: 15_000,
};

describe('the bounds of a session', () => {
  let database: TestDatabase;
  let pool: Pool;
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new Pool({ connectionString: database.url, max: 1 });
  });
  afterAll(async () => {
    await pool?.end();
    await database?.drop();
  });

  const set = (name: string, value: string) => pool.query(`set ${name} = '${value}'`);

  it('are warned of with what to set for the role, where the server lacks them', async () => {
    await set('default_transaction_isolation', 'serializable');
    const warning = await boundsWarning(pool, BOUNDS);
    for (const mend of [
      `statement_timeout = '10000ms'`,
      `lock_timeout = '2000ms'`,
      `idle_in_transaction_session_timeout = '15000ms'`,
      `default_transaction_isolation = 'read committed'`,
    ])
      expect(warning).toContain(`alter role "postgres" set ${mend}`);
  });

  it('hold where the role sets the same, or less', async () => {
    await set('statement_timeout', '10s');
    await set('lock_timeout', '1s');
    await set('idle_in_transaction_session_timeout', '1min');
    await set('default_transaction_isolation', 'read committed');
    expect(await boundsWarning(pool, BOUNDS)).toMatch(
      /: alter role "postgres" set idle_in_transaction_session_timeout = '15000ms'$/,
    );
    await set('idle_in_transaction_session_timeout', '15s');
    expect(await boundsWarning(pool, BOUNDS)).toBeUndefined();
  });

  it('are not asked for where there are to be none, and hold once they are set', async () => {
    await pool.query('reset all');
    const none = { statement_timeout: 0, lock_timeout: 0, idle_in_transaction_session_timeout: 0 };
    expect(await boundsWarning(pool, none)).toBeUndefined();
    await pool.query(statementsFor(BOUNDS).join('; '));
    expect(await boundsWarning(pool, BOUNDS)).toBeUndefined();
  });
});
