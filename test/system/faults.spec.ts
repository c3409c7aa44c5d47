import { setTimeout as pause } from 'node:timers/promises';
import type { KeywayProcess } from '../e2e/keyway-process.js';
import { Person } from '../faults/person.js';
import { expectNobodyRefused, expectNothingLost, underLoad } from '../faults/run.js';
import { aStage } from '../faults/stage.js';
import { Traffic } from '../faults/traffic.js';
import { eventually } from '../support/eventually.js';

describe('a fault of some seconds, under load', () => {
  const stage = aStage();

  it('of a replica that is killed costs the requests that it had, and nothing that was acknowledged', async () => {
    const site = await stage.open({ replicas: 2 });
    const report = await underLoad(site, { name: 'kill -9 of one of two replicas' }, async () => {
      await site.kill(site.replicas[0]!);
      await site.add();
    });
    expectNothingLost(report);
    expect(report.gap).toBeLessThan(5);
  });

  it('of a database that is killed and started again ends when the database is back', async () => {
    const site = await stage.open({ replicas: 2 });
    const report = await underLoad(site, { name: 'kill -9 of PostgreSQL, and its start' }, async () => {
      await stage.cluster.kill();
      await stage.cluster.start();
    });
    expectNothingLost(report);
    expect(report.resets).toBe(0);
  });

  it('of a database that only reads is a 503 for every write, until it writes again', async () => {
    const site = await stage.open({ replicas: 2 });
    const only = async (value: 'on' | 'off') => {
      await stage.cluster.sql(`alter system set default_transaction_read_only = ${value}`);
      await stage.cluster.sql('select pg_reload_conf()');
    };
    const report = await underLoad(site, { name: 'the database only reads for 4 s' }, async () => {
      await only('on');
      await pause(4_000);
      await only('off');
    });
    expectNothingLost(report);
    expect(report.resets).toBe(0);
    expect(report.unavailable).toBeGreaterThan(0);
    expect(site.balancer.unready).toEqual(new Set(['read_only']));
  });

  it('of a table that is locked fills the pools of all replicas, and they stay in service', async () => {
    const site = await stage.open({ replicas: 2, settings: { DATABASE_POOL_MAX: '2' } });
    const report = await underLoad(site, { name: 'every passkey locked for 6 s, pools full' }, async () => {
      const release = await site.hold('lock table devices in access exclusive mode');
      const untilReleased = pause(6_000);
      await Promise.all(site.replicas.map(untilFull));
      await untilReleased;
      await release();
    });
    expectNothingLost(report);
    expect(report.resets).toBe(0);
    expect(report.unavailable).toBeGreaterThan(0);
    expect(site.balancer.unready).toEqual(new Set());
    expect(report.slowest).toBeLessThan(10);
  });

  it('of one locked row, of a user whose page does not stop asking, is no refusal for anybody else', async () => {
    const site = await stage.open({ replicas: 2 });
    const report = await underLoad(site, { name: 'a row locked for 8 s, its user impatient' }, async (at) => {
      const impatient = new Traffic(site.balancer.url);
      const person = new Person({ ...at, traffic: impatient });
      await person.call('POST', '/passkey/register');
      const row = `select from flex_users where external_id = (
        select passage_external_id from users where subject = '${person.subject}') for update`;
      const release = await site.hold(row);
      const isReleased = pause(8_000).then(() => release().then(() => true));
      const asked: Promise<unknown>[] = [];
      while (!(await Promise.race([isReleased, pause(100, false)]))) {
        asked.push(person.call('POST', '/passkey/register'));
      }
      await Promise.all(asked);
      expect(impatient.count(503)).toBeGreaterThan(10);
      impatient.end();
    });
    expectNobodyRefused(report);
    expect(site.balancer.unready).toEqual(new Set());
    expect(report.slowest).toBeLessThan(5);
  });

  it('or a restart of one replica after the other is none at all', async () => {
    const site = await stage.open({ replicas: 2 });
    const report = await underLoad(
      site,
      { name: 'two replicas restarted, one after the other' },
      async () => {
        for (const replica of [...site.replicas]) {
          await site.stop(replica);
          await site.add();
        }
      },
    );
    expectNobodyRefused(report);
  });
});

/** Resolves once requests wait for a connection of the replica's pool. */
const untilFull = ({ url }: KeywayProcess): Promise<void> =>
  eventually(async () => {
    const answer = await fetch(`${url}/health/ready`);
    expect(await answer.json()).toEqual({ status: 'ok', pool: 'full' });
  });
