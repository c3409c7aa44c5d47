import type { Migration as MikroMigration } from '@mikro-orm/migrations';
import { Migration } from '@mikro-orm/migrations';
import { Client } from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import { BATCH, BatchedMigration } from '../../src/database/batched-migration.js';
import { ConcurrentMigration } from '../../src/database/concurrent-migration.js';
import { Database } from '../../src/database/database.js';
import type { NamedMigration } from '../../src/database/migrate.js';
import type { Patience } from '../../src/database/migration-session.js';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const FULL_PATIENCE: Patience = { lock: 1_000, pause: 500, tries: 60_000, silence: 100 };

/** The migrations of these classes, under their names. */
const listOf = (...classes: (new (...args: never[]) => MikroMigration)[]): NamedMigration[] =>
  classes.map((each) => ({ name: each.name, class: each as NamedMigration['class'] }));

describe('a migration', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  /** Connections of others. */
  let one: Client;
  let other: Client;
  let said: string[];

  beforeEach(async () => {
    testDatabase = await createTestDatabase();
    const settings = { kind: 'postgresql', url: testDatabase.url, poolMax: 4 } as const;
    database = await Database.open(settings, 'commands');
    [one, other] = [1, 2].map(() => new Client({ connectionString: testDatabase.url })) as [Client, Client];
    for (const client of [one, other]) {
      client.on('error', () => undefined);
      await client.connect();
    }
    said = [];
  });
  afterEach(async () => {
    for (const client of [one, other]) await client.end().catch(() => undefined);
    await database.close();
    await testDatabase.drop();
  });

  const migrate = (migrations: NamedMigration[], patience: Partial<Patience> = {}) =>
    database.migrate({
      migrations,
      patience: { ...FULL_PATIENCE, ...patience },
      say: (line) => said.push(line),
    });
  /** The same, with its error as an answer. */
  const tried = (...args: Parameters<typeof migrate>) => migrate(...args).catch((error: Error) => error);
  const rowsOf = async (text: string) => (await other.query<Record<string, unknown>>(text)).rows;

  /** Large enough to be indexed concurrently. */
  const makeLargeTable = () =>
    one.query(`create table large (id integer primary key, note text);
      insert into large select n, repeat('x', 100) from generate_series(1, 80000) n`);
  const indexOfLarge = () =>
    rowsOf(`select indisvalid as valid from pg_index where indexrelid = to_regclass('large_note')`);
  class IndexLarge extends ConcurrentMigration {
    override readonly builds = [{ name: 'large_note', table: 'large', on: '(note, id)' }];
  }
  /** As a backup has it: one snapshot, and a shared lock, until it is told to end. */
  const readLarge = () => one.query('begin isolation level repeatable read; select from large limit 1');

  it('has no limit of time, and waits for locks for less than a request does, whatever the database prescribes', async () => {
    const name = new URL(testDatabase.url).pathname.slice(1);
    for (const setting of ['statement_timeout', 'idle_session_timeout', 'lock_timeout'])
      await one.query(`alter database ${name} set ${setting} = '90s'`);
    class Shows extends Migration {
      override up(): void {
        this.addSql(`create table shown as select name, setting::integer, unit from pg_settings
          where name in ('statement_timeout', 'lock_timeout', 'idle_session_timeout',
            'idle_in_transaction_session_timeout')`);
      }
    }
    await migrate(listOf(Shows));
    const shown = Object.fromEntries(
      (await rowsOf('select * from shown')).map(({ name, setting }) => [name, setting]),
    );
    const { lock_timeout: lockTimeout, ...others } = shown;
    expect(others).toEqual({
      statement_timeout: 0,
      idle_session_timeout: 0,
      idle_in_transaction_session_timeout: 0,
    });
    expect(lockTimeout).toBeGreaterThan(0);
    expect(lockTimeout).toBeLessThanOrEqual(1_000);
  });

  it('keeps requests waiting for a second at most, however many locks it needs while a reader has one of its tables', async () => {
    await one.query(
      'create table first (id integer); create table second (id integer); create table third (id integer)',
    );
    class AltersAll extends Migration {
      override up(): void {
        for (const table of ['first', 'second']) this.addSql(`alter table ${table} add column note text`);
        // With the locks of two tables.
        this.addSql('select pg_sleep(0.8)');
        this.addSql('alter table third add column note text');
      }
    }
    await one.query('begin; select from third');
    const applied = tried(listOf(AltersAll));
    // Each of these fails where it waits as long as a request would.
    await other.query('set lock_timeout = 2000');
    const waits: number[] = [];
    for (const end = performance.now() + 5_000; performance.now() < end; await pause(20)) {
      const begun = performance.now();
      await other.query('insert into first default values; select from second; select from third');
      waits.push(performance.now() - begun);
    }
    await one.query('commit');
    expect(await applied).toEqual(['AltersAll']);
    // The migration was in the way, for as long as it waited for the third table, more than once.
    expect(waits.filter((wait) => wait > 200).length).toBeGreaterThan(1);
    expect(Math.max(...waits)).toBeLessThan(1_600);
    expect(said[0]).toMatch(/^AltersAll: others hold what it has to lock/);
  });

  it('says at last what to end if it gets no lock, and has changed nothing', async () => {
    await one.query('create table held (id integer)');
    await one.query('begin; select from held');
    class AltersHeld extends Migration {
      override up(): void {
        this.addSql('create table made (id integer)');
        this.addSql('alter table held add column note text');
      }
    }
    const patience = { lock: 100, pause: 100, tries: 500 };
    await expect(migrate(listOf(AltersHeld), patience)).rejects.toThrow(
      /AltersHeld got no lock.*pg_stat_activity/,
    );
    await one.query('commit');
    expect(await rowsOf(`select to_regclass('made') as made`)).toEqual([{ made: null }]);
    expect(await migrate(listOf(AltersHeld))).toEqual(['AltersHeld']);
  });

  describe('that builds an index of a large table', () => {
    beforeEach(() => makeLargeTable());

    it('waits for an old snapshot as long as it lasts, says so, and keeps nobody waiting', async () => {
      await readLarge();
      const applied = tried(listOf(IndexLarge));
      await eventually(() =>
        expect(said.join('\n')).toMatch(/large_note: .*waiting for a transaction.*keeps nobody else waiting/),
      );
      await other.query('set lock_timeout = 100');
      for (let time = 0; time < 15; time++) {
        await other.query('update large set note = note where id = 1');
        await other.query('select from large where id = 1');
        await pause(100);
      }
      expect(await indexOfLarge()).toEqual([{ valid: false }]);
      await one.query('commit');
      expect(await applied).toEqual(['IndexLarge']);
      expect(await indexOfLarge()).toEqual([{ valid: true }]);
    });

    it('drops what an interrupted build has left, and builds it again', async () => {
      await readLarge();
      const failed = tried(listOf(IndexLarge));
      await eventually(async () => expect(await indexOfLarge()).toEqual([{ valid: false }]));
      await other.query(`select pg_terminate_backend(pid) from pg_stat_progress_create_index`);
      expect(await failed).toBeInstanceOf(Error);
      expect(await indexOfLarge()).toEqual([{ valid: false }]);
      await one.query('commit');
      expect(await migrate(listOf(IndexLarge))).toEqual(['IndexLarge']);
      expect(await indexOfLarge()).toEqual([{ valid: true }]);
    });

    it('does nothing for an index that stands, as after an interruption between two', async () => {
      await one.query('create index large_note on large (note, id)');
      const before = await rowsOf(`select 'large_note'::regclass::oid as oid`);
      expect(await migrate(listOf(IndexLarge))).toEqual(['IndexLarge']);
      expect(await rowsOf(`select 'large_note'::regclass::oid as oid`)).toEqual(before);
    });

    it('leaves nothing of a unique index that the rows refuse', async () => {
      class Refused extends ConcurrentMigration {
        override readonly builds = [{ name: 'large_note', table: 'large', on: '(note)', unique: true }];
      }
      await expect(migrate(listOf(Refused))).rejects.toThrow(/could not create unique index/);
      expect(await indexOfLarge()).toEqual([]);
    });

    it('drops an index without keeping requests waiting for those that use it', async () => {
      class Replaces extends ConcurrentMigration {
        override readonly drops = ['large_note'];
      }
      await migrate(listOf(IndexLarge));
      await readLarge();
      const applied = tried(listOf(IndexLarge, Replaces));
      await eventually(async () => expect(await indexOfLarge()).toEqual([{ valid: false }]));
      await other.query('set lock_timeout = 100');
      await other.query('update large set note = note where id = 1');
      await one.query('commit');
      expect(await applied).toEqual(['Replaces']);
      expect(await indexOfLarge()).toEqual([]);
    });

    it('waits for no snapshot where the table is small', async () => {
      await one.query('create table small (id integer)');
      class IndexSmall extends ConcurrentMigration {
        override readonly builds = [{ name: 'small_id', table: 'small', on: '(id)' }];
      }
      await readLarge();
      expect(await migrate(listOf(IndexSmall))).toEqual(['IndexSmall']);
      await one.query('commit');
    });
  });

  describe('that fills a large table', () => {
    const ROWS = 2 * BATCH + 1;
    class Fills extends BatchedMigration {
      override readonly backfill = {
        table: 'items',
        key: ['app', 'id'],
        // Fails for rows of the third batch, and for those that were done before.
        statement: (range: string) => `
          insert into done
          select it.app, it.id, 1 / case when it.id = '${ROWS}' then (select divisor from trap) else 1 end
          from items it where ${range}`,
      };
    }
    beforeEach(() =>
      one.query(`
        create table items (app text, id text, primary key (app, id));
        create table done (app text, id text, quotient integer, primary key (app, id));
        create table trap (divisor integer);
        insert into trap values (0);
        insert into items select case when n > 7000 then 'b' else 'a' end, lpad(n::text, 5, '0')
        from generate_series(1, ${ROWS}) n`),
    );
    const count = async (from: string) => (await rowsOf(`select count(*)::integer as n from ${from}`))[0]!.n;

    it('commits each batch, goes on after the last that was committed, and does every row once', async () => {
      await expect(migrate(listOf(Fills))).rejects.toThrow(/division by zero/);
      expect(await count('done')).toBe(2 * BATCH);
      await one.query('update trap set divisor = 1');
      expect(await migrate(listOf(Fills))).toEqual(['Fills']);
      expect(await count('done')).toBe(ROWS);
      expect(await rowsOf(`select to_regclass('migration_progress') as progress`)).toEqual([
        { progress: null },
      ]);
    });

    it('tries a batch again while others hold its rows, and keeps those that it has done', async () => {
      await one.query('update trap set divisor = 1');
      await one.query(`begin; insert into done values ('b', '${ROWS}', 0)`);
      const applied = tried(listOf(Fills));
      await eventually(async () => expect(await count('done')).toBe(2 * BATCH));
      await eventually(() => expect(said.join()).toContain('Fills: others hold'));
      await one.query('rollback');
      expect(await applied).toEqual(['Fills']);
      expect(await count('done')).toBe(ROWS);
    });

    it('is done where the table is empty', async () => {
      await one.query('truncate items');
      expect(await migrate(listOf(Fills))).toEqual(['Fills']);
    });
  });

  describe('while another migrator is at work', () => {
    const LOCK = 'select pg_advisory_lock(5393217044), pg_backend_pid() as pid';
    class Makes extends Migration {
      override up(): void {
        this.addSql('create table made (id integer)');
      }
    }

    it('waits, says for whom again and again, and has no snapshot that the other one would wait for', async () => {
      await makeLargeTable();
      const { rows } = await one.query<{ pid: number }>(LOCK);
      const applied = tried(listOf(Makes));
      await eventually(() => expect(said.length).toBeGreaterThan(2));
      expect(said[0]).toMatch(
        new RegExp(`^Another migrator is at work \\(process ${rows[0]!.pid} .*waiting`),
      );
      await one.query(`set statement_timeout = '30s'`);
      await one.query('create index concurrently on large (note)');
      await one.query('select pg_advisory_unlock_all()');
      expect(await applied).toEqual(['Makes']);
    });

    it('goes on once the connection of the other one is gone', async () => {
      await one.query(LOCK);
      const applied = tried(listOf(Makes));
      await eventually(() => expect(said).not.toEqual([]));
      (one as unknown as { connection: { stream: { destroy: () => void } } }).connection.stream.destroy();
      expect(await applied).toEqual(['Makes']);
    });
  });
});
