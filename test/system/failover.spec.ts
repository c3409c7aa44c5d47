import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { Database } from '../../src/database/database.js';
import { buildAppOn, type TestApp } from '../support/build-app.js';
import { DebianPostgres } from '../support/debian-postgres.js';
import { eventually } from '../support/eventually.js';
import { registerPasskey } from '../support/flows.js';
import { send } from '../support/http-answer.js';
import { sql } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

const SOON = 5_000; // ms

describe('two servers, of which one follows the other', () => {
  let [one, two]: [DebianPostgres, DebianPostgres] = [] as never;
  let app: TestApp;
  beforeAll(async () => {
    one = await DebianPostgres.start();
    await on(one, 'create database shop');
    two = await DebianPostgres.follow(one);
  });
  beforeEach(async () => {
    const url = `postgresql://postgres@${one.host},${two.host}/shop`;
    const settings = { kind: 'postgresql', url, poolMax: 10 } as const;
    const schema = await Database.open(settings, 'commands');
    await schema.migrate();
    await schema.close();
    app = await buildAppOn(settings);
  });
  afterEach(() => app?.close());
  afterAll(async () => {
    await Promise.all([one?.remove(), two?.remove()]);
  });

  async function on<Row>(server: DebianPostgres, text: string): Promise<Row[]> {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    try {
      await client.query('set default_transaction_read_only = off');
      return (await client.query(text)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  /** Users who register, rename and list without a pause until they are told to stop; what they were answered. */
  function load() {
    const answers: { status: number; at: number }[] = [];
    let goesOn = true;
    const someone = async () => {
      const user = new TestUser(app);
      const { device } = await registerPasskey(user);
      for (let i = 0; goesOn; i++) {
        const { status } = await (i % 2
          ? user.call('GET', '/user/devices')
          : user.rename(device.id, `name ${i}`));
        answers.push({ status, at: Date.now() });
        await pause(20);
      }
    };
    const people = Promise.all(Array.from({ length: 4 }, someone));
    const stop = async () => {
      goesOn = false;
      await people;
      return answers;
    };
    return { answers, stop };
  }

  const ready = async () => (await send(app, { url: '/health/ready' })).body;
  const hasKeyway = async (server: DebianPostgres): Promise<boolean> =>
    (await on(server, `select 1 from pg_stat_activity where application_name = 'keyway'`)).length > 0;

  it.each(['fast', 'crash'] as const)(
    'serve again within seconds of a promotion, from the new primary alone (the old one ended by: %s)',
    async (mode) => {
      const [primary, standby] = (await hasKeyway(one)) ? [one, two] : [two, one];
      expect(await hasKeyway(standby)).toBe(false);
      const { answers, stop } = load();
      await eventually(() => expect(answers.length).toBeGreaterThan(20));
      expect(await ready()).toEqual({ status: 'ok' });
      await primary.stop(mode);
      await pause(500);
      expect(await ready()).toMatchObject({ status: 'unavailable' });
      await standby.promote();
      const promoted = Date.now();
      await eventually(async () => expect(await ready()).toEqual({ status: 'ok' }));
      expect(Date.now() - promoted).toBeLessThan(SOON);
      if (mode === 'fast') await primary.resumeFollowing(standby);
      await pause(2_500);
      const all = await stop();
      expect([...new Set(all.map(({ status }) => status))].sort()).toEqual([200, 503]);
      const back = all.find(({ status, at }) => status === 200 && at > promoted)!;
      expect(back.at - promoted).toBeLessThan(SOON);
      const late = all.filter(({ at }) => at > back.at + 1_000);
      expect([...new Set(late.map(({ status }) => status))]).toEqual([200]);
      expect(await hasKeyway(standby)).toBe(true);
      if (mode === 'fast') expect(await hasKeyway(primary)).toBe(false);
    },
  );

  it('are left by connections when they turn read-only, and taken again when they write', async () => {
    const [primary] = (await hasKeyway(one).catch(() => false)) ? [one] : [two];
    const pids = async () =>
      (
        await on<{ pid: number }>(
          primary,
          `select pid from pg_stat_activity where application_name = 'keyway'`,
        )
      ).map(({ pid }) => pid);
    const user = new TestUser(app);
    await registerPasskey(user);
    // The one that the pool gives next.
    const [serving] = await sql<{ pid: number }>(app, 'select pg_backend_pid() as pid');
    await on(primary, 'alter system set default_transaction_read_only = on');
    await on(primary, 'select pg_reload_conf()');
    // It only reads, and is served; its connection is not used again.
    expect((await user.call('GET', '/user/devices')).status).toBe(200);
    const answered = Date.now();
    await eventually(async () => expect(await pids()).not.toContain(serving!.pid));
    // The pool closes an idle connection after ten seconds anyway.
    expect(Date.now() - answered).toBeLessThan(1_000);
    expect((await user.call('GET', '/user/devices')).status).toBe(503);
    expect(await ready()).toEqual({ status: 'unavailable', reason: 'read_only' });
    await on(primary, 'alter system reset default_transaction_read_only');
    await on(primary, 'select pg_reload_conf()');
    await eventually(async () => expect(await ready()).toEqual({ status: 'ok' }));
    expect((await user.call('GET', '/user/devices')).status).toBe(200);
  });
});
