import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildKeyway, DIST } from './build-keyway.js';
import { runCommand, sweep } from './keyway-process.js';
import { aDatabase } from './production.js';
import { sqlOn } from './sql-on.js';

describe('keyway migrate', () => {
  let database: Awaited<ReturnType<typeof aDatabase>>;

  beforeAll(buildKeyway, 150_000);
  beforeEach(async () => {
    database = await aDatabase({ migrated: false });
  });
  afterEach(async () => {
    await sweep();
    await database?.drop();
  });

  const migrate = () => runCommand(['migrate'], { NODE_ENV: 'production', DATABASE_URL: database.url });

  it('needs only the database URL, brings the schema up to date, and changes nothing the second time', async () => {
    const first = await migrate();
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^Applied Migration\d+_initial.*\.\n$/);
    expect(await migrate()).toMatchObject({ code: 0, stdout: 'The schema is up to date.\n', stderr: '' });
  });

  it('says with --plan what it would run, and runs nothing of it', async () => {
    const plan = (...args: string[]) =>
      runCommand(['migrate', '--plan', ...args], { NODE_ENV: 'production', DATABASE_URL: database.url });
    const { code, stdout } = await plan();
    expect(code).toBe(0);
    const statement = /^create table "?apps"? \(\n  \S.*,$/m;
    expect(stdout).toMatch(statement);
    const { planned } = JSON.parse((await plan('--json')).stdout) as {
      planned: { name: string; kind: string; statements: string[] }[];
    };
    expect(new Set(planned.map(({ kind }) => kind))).toEqual(
      new Set(['transactional', 'concurrent', 'batched']),
    );
    expect(stdout).toMatch(/^-- \w+_credential_hashes\n-- concurrently, .*\ncreate index concurrently /m);
    expect(stdout).toMatch(/^-- \w+_claimed_handles\n-- in batches, .*\ninsert into user_handles /m);
    expect(stdout.match(/^-- Migration\w+$/gm)).toEqual(planned.map(({ name }) => `-- ${name}`));
    const { stdout: applied } = await migrate();
    expect(applied).toBe(`Applied ${planned.map(({ name }) => name).join(', ')}.\n`);
    expect(await plan()).toMatchObject({ code: 0, stdout: 'The schema is up to date.\n' });
  });

  it('applies each migration once when five replicas run it at the same time', async () => {
    const endings = await Promise.all(Array.from({ length: 5 }, migrate));
    expect(endings.map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => 0));
    const lines = endings.flatMap(({ stderr }) => stderr.split('\n')).filter((line) => line !== '');
    // One that has ended by the time it is asked for is not named.
    for (const line of lines)
      expect(line).toMatch(/^Another migrator is at work(?: \(.*)?: waiting for its end\.$/);
    const said = endings.map(({ stdout }) => stdout).sort();
    expect(said[0]).toMatch(/^Applied /);
    expect(said.slice(1)).toEqual(Array.from({ length: 4 }, () => 'The schema is up to date.\n'));
  });
});

describe('the command line of MikroORM', () => {
  let database: Awaited<ReturnType<typeof aDatabase>>;

  beforeAll(buildKeyway, 150_000);
  beforeEach(async () => {
    database = await aDatabase({ migrated: true });
  });
  afterEach(() => database?.drop());

  /** Exit status and output of `npx mikro-orm`, with the configuration that was just built. */
  const mikroOrm = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['node_modules/@mikro-orm/cli/cli.js', ...args, '--config', join(DIST, 'database/mikro-orm.config.js')],
      { env: { ...process.env, DATABASE_URL: database.url, NO_COLOR: '1' }, encoding: 'utf8' },
    );
    return { status, output: stdout + stderr };
  };

  it('finds a migrated database up to date, and creates no migration for it', () => {
    const migrations = () => readdirSync('src/database/migrations');
    const before = migrations();
    expect(mikroOrm('migration:check')).toMatchObject({
      status: 0,
      output: expect.stringContaining('schema is up-to-date') as string,
    });
    expect(mikroOrm('migration:create').output).toContain('No changes required');
    expect(migrations()).toEqual(before);
  });

  it('reverts migrations and applies them again, those too that run outside a transaction', async () => {
    expect(mikroOrm('migration:down', '--to', '0')).toMatchObject({ status: 0 });
    expect(mikroOrm('migration:up')).toMatchObject({ status: 0 });
    expect(mikroOrm('migration:check')).toMatchObject({ status: 0 });
    expect(mikroOrm('migration:pending').output).not.toContain('Migration2026');
    await sqlOn(
      database.url,
      `select 1 / count(*) from pg_indexes where indexname = 'devices_credential_hash_index'`,
    );
  });

  it('finds a missing foreign key', async () => {
    await sqlOn(database.url, 'alter table nonces drop constraint nonces_app_id_device_id_foreign');
    expect(mikroOrm('migration:check')).toMatchObject({
      status: 1,
      output: expect.stringContaining('Changes detected') as string,
    });
  });
});

describe('keyway', () => {
  beforeAll(buildKeyway, 150_000);
  afterEach(sweep);

  it('says in one sentence that migrate needs DATABASE_URL', async () => {
    const { code, stdout, stderr } = await runCommand(['migrate'], { NODE_ENV: 'production' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Set DATABASE_URL to the address of the PostgreSQL database, [^\n]+\.\n$/);
  });

  it('says in one sentence, without the password, that the database is unreachable', async () => {
    const ending = await runCommand(['migrate'], {
      DATABASE_URL: 'postgresql://keyway:hunter2@127.0.0.1:1/shop',
    });
    expect(ending).toMatchObject({ code: 1, stdout: '' });
    expect(ending.stderr).toMatch(
      /^Cannot connect to the database 127\.0\.0\.1:1\/shop .*ECONNREFUSED.*set DATABASE_URL [^\n]+\.\n$/,
    );
    expect(ending.stderr).not.toContain('hunter2');
  });
});
