import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Client } from 'pg';
import { buildKeyway, DIST } from '../e2e/build-keyway.js';
import { runCommand } from '../e2e/keyway-process.js';
import { aDatabase } from '../e2e/production.js';
import { eventually } from '../support/eventually.js';

const USERS = 20_000;
const PASSKEYS = 60_000;

/** The last migration that a large table is filled in, and the one before it; then the last that indexes one. */
const FILLS = 'Migration20261126210002_claimed_handles';
const INDEXES = 'Migration20261127070000_credential_hashes';

describe('keyway migrate, killed', () => {
  let database: Awaited<ReturnType<typeof aDatabase>>;
  let client: Client;
  let holder: Client;

  beforeAll(buildKeyway, 150_000);
  beforeEach(async () => {
    database = await aDatabase({ migrated: true });
    [client, holder] = [1, 2].map(() => new Client({ connectionString: database.url })) as [Client, Client];
    for (const each of [client, holder]) await each.connect();
    await client.query(`
      insert into apps (id, name, rp_id, origins) values ('shop', 'Shop', 'shop.test', '{}');
      insert into flex_users (app_id, id, external_id, user_handle)
      select 'shop', lpad(n::text, 6, '0'), n, sha256(n::text::bytea) from generate_series(1, ${USERS}) n;
      insert into devices (app_id, id, user_id, credential_id, public_key, algorithm, counter, aaguid, transports,
        attestation_format, friendly_name)
      select 'shop', n, lpad((n % ${USERS} + 1)::text, 6, '0'), sha256(n::text::bytea), repeat('k', 77)::bytea, -7, 0, '', '{}',
        'none', '' from generate_series(1, ${PASSKEYS}) n`);
  });
  afterEach(async () => {
    for (const each of [client, holder]) await each.end();
    await database?.drop();
  });

  const env = () => ({ NODE_ENV: 'production', DATABASE_URL: database.url });
  const migrate = () => runCommand(['migrate'], env());
  const forget = (name: string) => client.query('delete from mikro_orm_migrations where name = $1', [name]);
  const count = async (from: string) =>
    (await client.query<{ n: number }>(`select count(*)::integer as n from ${from}`)).rows[0]!.n;

  /** Starts `keyway migrate` and kills it with SIGKILL once `when` does not throw. */
  async function migrateAndKill(when: () => Promise<void>): Promise<void> {
    const child = spawn(process.execPath, [join(DIST, 'cli/main.js'), 'migrate'], {
      env: env(),
      stdio: 'ignore',
    });
    const end = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    await eventually(when);
    child.kill('SIGKILL');
    expect(await end).toBe('SIGKILL');
  }

  it('in the midst of filling a table, goes on after the last batch that it committed', async () => {
    await client.query('delete from user_handles');
    await forget(FILLS);
    // The fourth batch has to wait for it.
    await holder.query(
      `begin; select from flex_users where id = '${String(USERS - 1).padStart(6, '0')}' for update`,
    );
    await migrateAndKill(async () => expect(await count('user_handles')).toBe(30_000));
    // Would be claimed again from the beginning.
    await client.query(`delete from user_handles where user_id = '000001'`);
    await holder.query('rollback');
    expect(await migrate()).toMatchObject({ code: 0, stdout: `Applied ${FILLS}.\n` });
    expect(await count('user_handles')).toBe(2 * USERS - 2);
    expect(await count(`pg_tables where tablename = 'migration_progress'`)).toBe(0);
  });

  it('in the midst of building an index, has its build ended first by the next one, which says so', async () => {
    await client.query('drop index devices_credential_hash_index');
    await forget(INDEXES);
    await holder.query('begin isolation level repeatable read; select from devices limit 1');
    const isBuilding = async () =>
      expect(await count(`pg_index where indexrelid = to_regclass('devices_credential_hash_index')`)).toBe(1);
    await migrateAndKill(isBuilding);
    const next = migrate();
    await eventually(async () =>
      expect(await count(`pg_stat_activity where query like 'select pg_try_advisory_lock%'`)).toBe(1),
    );
    // None of them keeps a request waiting.
    await client.query(
      `set lock_timeout = 500; update devices set usage_count = usage_count + 1 where id = '1'`,
    );
    await holder.query('commit');
    const { code, stdout, stderr } = await next;
    expect({ code, stdout }).toEqual({ code: 0, stdout: `Applied ${INDEXES}.\n` });
    expect(stderr).toMatch(/^Another migrator is at work \(process \d+ /);
    const valid = await client.query(
      `select indisvalid as valid from pg_index where indexrelid = to_regclass('devices_credential_hash_index')`,
    );
    expect(valid.rows).toEqual([{ valid: true }]);
  });
});
