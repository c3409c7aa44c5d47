import { setTimeout as pause } from 'node:timers/promises';
import { expectNothingLost, underLoad } from './run.js';
import { SilentProxy } from './silent-proxy.js';
import { aStage } from './stage.js';

const DEADLINE = 20; // s for a whole request
const SILENT = 4; // connections at a time
const SLACK = 3; // s, of a machine that does all of this at once

describe('a long outage of the database, under load', () => {
  const stage = aStage();

  it('that is stopped for 30 s is a 503 at once, and ends with it', async () => {
    const site = await stage.open({ replicas: 3 });
    const report = await underLoad(site, { name: 'PostgreSQL away for 30 s' }, async ({ traffic }) => {
      await stage.cluster.stop();
      await pause(30_000);
      expect(traffic.slowest).toBeLessThan(3_000);
      await stage.cluster.start();
    });
    expectNothingLost(report);
    expect(report.resets).toBe(0);
    expect(report.gap).toBeLessThan(30 + SLACK);
    expect(site.balancer.unready).toEqual(new Set(['database']));
  });

  it('that hangs for 25 s keeps no request waiting past its deadline, and ends with it', async () => {
    const site = await stage.open({ replicas: 3 });
    const report = await underLoad(site, { name: 'PostgreSQL stopped in its tracks for 25 s' }, async () => {
      stage.cluster.suspend();
      await pause(25_000);
      stage.cluster.resume();
    });
    expectNothingLost(report);
    expect(report.resets).toBe(0);
    expect(report.slowest).toBeLessThan(DEADLINE + SLACK);
    expect(report.gap).toBeLessThan(25 + SLACK);
  });

  it('whose network falls silent in the middle of transactions, twice, loses none that was acknowledged', async () => {
    const proxy = await SilentProxy.start(stage.cluster.port);
    const site = await stage.open({ replicas: 3, databasePort: proxy.port });
    const name = 'network silent after BEGIN, then after COMMIT';
    const report = await underLoad(site, { name }, async () => {
      for (const moment of ['begin', 'commit'] as const) {
        const before = proxy.silenced;
        proxy.fallSilentAt(moment, SILENT);
        while (proxy.silenced < before + SILENT) await pause(50);
        await pause(17_000);
      }
    });
    await site.close();
    await proxy.close();
    expectNothingLost(report);
    expect(report.resets).toBe(0);
    // No more than some: the refusal of what is wrong anyway stands also where its event is not written.
    expect(report.unavailable).toBeGreaterThan(0);
    expect(report.slowest).toBeLessThan(DEADLINE + SLACK);
    expect(report.gap).toBeLessThan(SLACK);
  });
});
