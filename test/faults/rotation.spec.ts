import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { aDirectory } from '../e2e/keyway-process.js';
import { fakeServer, type FakeServer } from '../support/fake-server.js';
import { anApiKey, aTokenKey, aTokenSecret } from './credentials.js';
import { Person } from './person.js';
import { expectNobodyRefused, underLoad } from './run.js';
import { aKeywaySecret } from './site.js';
import { aStage } from './stage.js';

const REPLICAS = 3;

describe('three replicas that are replaced one by one, under load', () => {
  const stage = aStage('host all shop 127.0.0.1/32 scram-sha-256');
  let keys: FakeServer | undefined;
  afterEach(() => keys?.close());

  it('restart without a refused request, also where each is away for a while', async () => {
    const site = await stage.open({ replicas: REPLICAS });
    const report = await underLoad(site, { name: 'rolling restart, each replica away in turn' }, async () => {
      for (const replica of [...site.replicas]) {
        await site.stop(replica);
        await site.add();
      }
    });
    expectNobodyRefused(report);
  });

  it('get another KEYWAY_SECRET in its three steps, and ceremonies that are open meanwhile are finished', async () => {
    const site = await stage.open({ replicas: REPLICAS });
    const [before, after] = [site.settings.KEYWAY_SECRET!, aKeywaySecret()];
    let isOverlapping = true;
    const hesitation = () => (isOverlapping && Math.random() < 0.2 ? 5_000 : 0);
    const report = await underLoad(
      site,
      { name: 'KEYWAY_SECRET rotated in three steps', hesitation },
      async () => {
        await site.rollTo({ KEYWAY_SECRET: `${before},${after}` });
        await site.rollTo({ KEYWAY_SECRET: `${after},${before}` });
        // In place of the fifteen minutes after which no ceremony can be open any more.
        isOverlapping = false;
        await pause(6_000);
        await site.rollTo({ KEYWAY_SECRET: after });
      },
    );
    expectNobodyRefused(report);
  });

  it('get another APP_API_KEY while the servers still have the one before', async () => {
    const site = await stage.open({ replicas: REPLICAS });
    const report = await underLoad(site, { name: 'APP_API_KEY rotated' }, async ({ credentials }) => {
      const after = anApiKey();
      await site.rollTo({ APP_API_KEY: after });
      await pause(1_000);
      credentials.apiKey = after;
    });
    expectNobodyRefused(report);
  });

  it.each([
    ['JWT_SECRET', aTokenSecret],
    ['JWT_PUBLIC_KEY', aTokenKey],
  ])('get another %s by a list of two, before tokens are signed with it', async (setting, aKey) => {
    const [before, after] = [await aKey(), await aKey()];
    const settings = { JWT_SECRET: '', [setting]: before.text };
    const site = await stage.open({ replicas: REPLICAS, settings });
    site.credentials.signingKey = before;
    const name = `${setting} rotated by a list`;
    const report = await underLoad(site, { name }, async ({ credentials }) => {
      await site.rollTo({ [setting]: `${before.text}\n${after.text}` });
      credentials.signingKey = after;
      await pause(1_000);
      await site.rollTo({ [setting]: after.text });
    });
    expectNobodyRefused(report);
  });

  it('follow a JWK Set whose key changes, without a restart and with one', async () => {
    const [before, after] = [await aTokenKey(), await aTokenKey()];
    let published = [before];
    keys = await fakeServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
    });
    const site = await stage.open({
      replicas: REPLICAS,
      settings: { JWT_SECRET: '', JWT_JWKS_URI: `${keys.url}/jwks`, JWT_JWKS_INSECURE: 'true' },
    });
    site.credentials.signingKey = before;
    const report = await underLoad(site, { name: 'key of the JWK Set rotated' }, async ({ credentials }) => {
      published = [before, after];
      credentials.signingKey = after;
      await pause(2_000);
      published = [after];
      await site.roll();
    });
    expectNobodyRefused(report);
  });

  it('log in to the database with another password from their file, without a restart', async () => {
    await stage.cluster.sql(`create role shop superuser login password 'before'`);
    const site = await stage.open({ replicas: REPLICAS });
    const url = site.settings.DATABASE_URL!;
    const file = join(aDirectory(), 'database-url');
    const write = (password: string) => writeFileSync(file, url.replace('postgres@', `shop:${password}@`));
    write('before');
    await site.rollTo({ DATABASE_URL: '', DATABASE_URL_FILE: file });
    const report = await underLoad(site, { name: 'the password of the database rotated' }, async (at) => {
      write('after');
      await stage.cluster.sql(`alter role shop password 'after'`);
      const [{ now }] = (await stage.cluster.sql<{ now: Date }>('select now()')) as [{ now: Date }];
      // More people come, and all wait at once, so that the pools need more connections.
      const release = await site.hold('lock table devices in access exclusive mode');
      const guests = Promise.all(Array.from({ length: 16 }, () => new Person(at).live()));
      await pause(1_000);
      await release();
      await guests;
      const since = `select from pg_stat_activity where usename = 'shop' and backend_start > '${now.toISOString()}'`;
      expect((await stage.cluster.sql(since)).length).toBeGreaterThan(0);
    });
    expectNobodyRefused(report);
  });

  it('go back to the settings and the version before, with a key that was revoked meanwhile', async () => {
    const site = await stage.open({ replicas: REPLICAS });
    const before = site.settings.APP_API_KEY!;
    const report = await underLoad(site, { name: 'upgrade, and its rollback' }, async ({ credentials }) => {
      // A newer version: its migration is there, its settings are others.
      await stage.cluster.sql(
        `alter table devices add column of_a_newer_version text;
         insert into mikro_orm_migrations (name) values ('Migration29991231000000')`,
        site.database,
      );
      const after = anApiKey();
      await site.rollTo({ APP_API_KEY: after });
      credentials.apiKey = after;
      await pause(1_000);
      await site.command('key', 'revoke', before.split('_')[1]!);
      await site.rollTo({ APP_API_KEY: before });
    });
    expectNobodyRefused(report);
    const { ending } = site.replicas[0]!;
    await site.stop(site.replicas[0]!);
    const { stdout } = await ending;
    expect(stdout).toContain('The key in APP_API_KEY was revoked or has expired');
    expect(stdout).toContain('The database schema is newer than this version: Migration29991231000000');
  });
});
