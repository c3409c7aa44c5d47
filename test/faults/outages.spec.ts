import { setTimeout as pause } from 'node:timers/promises';
import { buildKeyway } from '../e2e/build-keyway.js';
import { sweep } from '../e2e/keyway-process.js';
import { PostgresCluster } from './postgres-cluster.js';
import { expectNothingLost, underLoad } from './run.js';
import { SilentProxy } from './silent-proxy.js';
import { Site } from './site.js';

const DEADLINE = 20; // s for a whole request
const SLACK = 3; // s, of a machine that does all of this at once

describe('a long outage of the database, under load', () => {
  let cluster: PostgresCluster;
  let site: Site;

  beforeAll(async () => {
    buildKeyway();
    cluster = await PostgresCluster.create();
  }, 150_000);
  afterEach(async () => {
    await site?.close();
    await sweep();
  });
  afterAll(() => cluster?.destroy());

  it('that is stopped for 30 s is a 503 at once, and ends with it', async () => {
    site = await Site.open(cluster, { replicas: 3 });
    const report = await underLoad(site, { name: 'PostgreSQL away for 30 s' }, async ({ traffic }) => {
      await cluster.stop();
      await pause(30_000);
      expect(traffic.slowest).toBeLessThan(3_000);
      await cluster.start();
    });
    expectNothingLost(report);
    expect(report.resets).toBe(0);
    expect(report.gap).toBeLessThan(30 + SLACK);
    expect(site.balancer.unready).toEqual(new Set(['database']));
  });

  it('that hangs for 25 s keeps no request waiting past its deadline, and ends with it', async () => {
    site = await Site.open(cluster, { replicas: 3 });
    const report = await underLoad(site, { name: 'PostgreSQL stopped in its tracks for 25 s' }, async () => {
      cluster.suspend();
      await pause(25_000);
      cluster.resume();
    });
    expectNothingLost(report);
    expect(report.resets).toBe(0);
    expect(report.slowest).toBeLessThan(DEADLINE + SLACK);
    expect(report.gap).toBeLessThan(25 + SLACK);
  });

  it('whose network falls silent in the middle of transactions, twice, loses none that was acknowledged', async () => {
    const proxy = await SilentProxy.start(cluster.port);
    site = await Site.open(cluster, { replicas: 3, databasePort: proxy.port });
    const name = 'network silent after BEGIN, then after COMMIT';
    const report = await underLoad(site, { name }, async () => {
      for (const moment of ['begin', 'commit'] as const) {
        const before = proxy.silenced;
        proxy.fallSilentAt(moment);
        while (proxy.silenced < before + 3) await pause(50);
        proxy.fallSilentAt(null);
        await pause(17_000);
      }
    });
    await site.close();
    await proxy.close();
    expectNothingLost(report);
    expect(report.resets).toBe(0);
    expect(report.unavailable).toBeGreaterThan(5);
    expect(report.slowest).toBeLessThan(DEADLINE + SLACK);
    expect(report.gap).toBeLessThan(SLACK);
  });
});
