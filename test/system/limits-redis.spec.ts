import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LimitSettings } from '../../src/config/configuration.js';
import { buildKeyway } from '../e2e/build-keyway.js';
import { aDirectory, type KeywayProcess, startKeyway, sweep } from '../e2e/keyway-process.js';
import { aDatabase, productionSettings } from '../e2e/production.js';
import { AppServer } from '../support/app-server.js';
import { Browser } from '../support/browser.js';
import { buildApp, buildAppOn, LIMITS, TEST, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { registerPasskey } from '../support/flows.js';
import { newAddress, send } from '../support/http-answer.js';
import { freePort } from '../support/free-port.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestUser } from '../support/test-user.js';
import { der, extension, newKey, TestAuthority } from '../support/x509.js';

const LOST = 'Redis does not count: until it does, the rate limits of each replica are its own';
const BACK = 'Redis counts again: replicas share their rate limits';
const PASSWORD = 'hunter2/hunter2';
const URL_OF_APP = `/v1/apps/${TEST.appId}`;

let base: TestApp;
beforeAll(async () => {
  base = await buildApp();
});
afterAll(() => base?.close());

const servers: RedisServer[] = [];
const replicas: TestApp[] = [];
afterEach(async () => {
  for (const server of servers) server.thaw();
  await Promise.all(replicas.splice(0).map((replica) => replica.close()));
  await Promise.all(servers.splice(0).map((server) => server.kill()));
});

async function aRedis(...options: readonly string[]): Promise<RedisServer> {
  const server = await RedisServer.start(...options);
  servers.push(server);
  return server;
}

/** A replica on the same database and secret as the others. */
async function aReplica(redisUrl: string, limits: Partial<LimitSettings> = {}): Promise<TestApp> {
  const { database, passage } = base.configuration;
  const replica = await buildAppOn(database, { passage, limits: { ...LIMITS, ...limits, redisUrl } });
  replicas.push(replica);
  return replica;
}

const twoReplicas = async (redisUrl: string, limits: Partial<LimitSettings> = {}) =>
  [await aReplica(redisUrl, limits), await aReplica(redisUrl, limits)] as const;

/** What is left of the public limit after one request more of that address. */
async function leftOn(replica: TestApp, remoteAddress: string): Promise<number> {
  const answer = await send(replica, { url: URL_OF_APP, remoteAddress });
  expect(answer.status).toBe(200);
  return Number(answer.headers['x-ratelimit-remaining']);
}

const linesOf = ({ logLines }: TestApp, message: string) =>
  logLines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === message);

/** How often a replica has said that Redis was lost, and that it was back. */
const turnsOf = (replica: TestApp) => [linesOf(replica, LOST).length, linesOf(replica, BACK).length];

const reasonsOf = (replica: TestApp) => linesOf(replica, LOST).map(({ reason }) => reason);

/** Waits until both count in one place. */
const untilShared = (one: TestApp, other: TestApp) =>
  eventually(async () => {
    const address = newAddress();
    expect([await leftOn(one, address), await leftOn(other, address)]).toEqual([299, 298]);
  });

describe('replicas with one Redis', () => {
  it('refuse what is past the limit of a network together, and do not ask Redis again about it', async () => {
    const redis = await aRedis();
    const [one, other] = await twoReplicas(redis.url, { public: 10 });
    const remoteAddress = newAddress();
    const ask = (on: TestApp) => send(on, { url: URL_OF_APP, remoteAddress });
    for (let i = 0; i < 5; i++) {
      expect([(await ask(one)).status, (await ask(other)).status]).toEqual([200, 200]);
    }
    for (const replica of [one, other]) {
      const refused = await ask(replica);
      expect(refused.status).toBe(429);
      expect(refused.headers['retry-after']).toMatch(/^([1-9]|[1-5]\d|60)$/);
    }
    for (let i = 0; i < 50; i++) await ask(i % 2 === 0 ? one : other);
    const counts = await redis.ask(async (client) => client.mget(await client.keys('*')));
    expect(Math.max(...counts.map(Number))).toBe(11);
    expect([turnsOf(one), turnsOf(other)]).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it('count each of a thousand requests that race', async () => {
    const [one, other] = await twoReplicas((await aRedis()).url, { public: 1_000 });
    const remoteAddress = newAddress();
    const left = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => leftOn(i % 2 === 0 ? one : other, remoteAddress)),
    );
    expect(new Set(left).size).toBe(1_000);
    expect((await send(other, { url: URL_OF_APP, remoteAddress })).status).toBe(429);
  });

  it('share the limits of finishes, of what is unknown, of wrong keys, of users and of keys', async () => {
    const few = { finish: 20, unknown: 3, user: 3, key: 3 };
    const [one, other] = await twoReplicas((await aRedis()).url, few);
    const address = newAddress();
    const unknown = (on: TestApp) => send(on, { url: '/nowhere', remoteAddress: address });
    const user = new TestUser(base);
    const users = (on: TestApp) => user.on(on).call('GET', '/user/devices');
    const server = await AppServer.own(base);
    const keys = (on: TestApp) => server.on(on).call('GET', '/users');
    for (const [act, status] of [
      [unknown, 404],
      [users, 200],
      [keys, 200],
    ] as const) {
      const answers = [await act(one), await act(other), await act(one), await act(other), await act(one)];
      expect(answers.map((answer) => answer.status)).toEqual([status, status, status, 429, 429]);
    }
    // A finish that costs ten on one replica is missing on the other.
    const browser = new Browser(one);
    const { authenticator } = await registerPasskey(new TestUser(base));
    const refused = (await browser.beginSignIn()).answer(authenticator, { origin: 'https://evil.example' });
    const finish = async (on: TestApp) => {
      const remoteAddress = browser.address;
      const url = `${URL_OF_APP}/authenticate/transactions/webauthn/finish`;
      return (await send(on, { method: 'POST', url, remoteAddress, payload: refused })).status;
    };
    const each = [
      await finish(one),
      await finish(one),
      await finish(one),
      await finish(other),
      await finish(other),
    ];
    expect(each).toEqual([401, 401, 401, 401, 401]);
    expect([await finish(one), await finish(other)]).toEqual([401, 429]);
  });

  it('keep their counts there for a window, under names that tell nothing', async () => {
    const redis = await aRedis();
    const replica = await aReplica(redis.url, { window: 30 });
    const [user, remoteAddress] = [new TestUser(replica, { sub: 'ada-lovelace' }), '203.0.113.77'];
    await leftOn(replica, remoteAddress);
    await user.call('GET', '/user/devices');
    await (await AppServer.own(replica)).call('GET', '/users');
    const stored = await redis.ask(async (client) => {
      const names = await client.keys('*');
      return Promise.all(
        names.map(async (name) => [name, await client.get(name), await client.pttl(name)] as const),
      );
    });
    expect(stored.length).toBeGreaterThanOrEqual(3);
    for (const [name, count, ttl] of stored) {
      expect(name).toMatch(/^keyway:limit:[\w-]{22}$/);
      expect(count).toMatch(/^\d+$/);
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(30_000);
    }
  });

  it('do not count with a replica that has another secret', async () => {
    const redis = await aRedis();
    const one = await aReplica(redis.url);
    const { database } = base.configuration;
    const stranger = await buildAppOn(database, { limits: { ...LIMITS, redisUrl: redis.url } });
    replicas.push(stranger);
    const address = newAddress();
    expect([await leftOn(one, address), await leftOn(stranger, address)]).toEqual([299, 299]);
  });
});

describe('a Redis that goes away', () => {
  it('under load costs no request, leaves each replica its own count, and is told of once at each turn', async () => {
    const redis = await aRedis();
    const [one, other] = await twoReplicas(redis.url);
    const address = newAddress();
    await leftOn(one, address);
    await leftOn(other, address);
    let isOver = false;
    const statuses = new Map<number, number>();
    let slowest = 0;
    const load = Array.from({ length: 8 }, async (_, i) => {
      while (!isOver) {
        const begun = performance.now();
        const { status } = await send(i % 2 === 0 ? one : other, {
          url: URL_OF_APP,
          remoteAddress: newAddress(),
        });
        slowest = Math.max(slowest, performance.now() - begun);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    await pause(300);
    await redis.kill();
    await pause(1_500);
    // Each goes on from what it knew last: one had been told of one request, the other of two.
    expect([await leftOn(one, address), await leftOn(one, address)]).toEqual([298, 297]);
    expect([await leftOn(other, address), await leftOn(other, address)]).toEqual([297, 296]);
    expect([turnsOf(one), turnsOf(other)]).toEqual([
      [1, 0],
      [1, 0],
    ]);
    await redis.start();
    await untilShared(one, other);
    isOver = true;
    await Promise.all(load);
    expect([...statuses.keys()]).toEqual([200]);
    expect(slowest).toBeLessThan(2_000);
    expect([turnsOf(one), turnsOf(other)]).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it('by hanging delays only those requests that notice it first', async () => {
    const redis = await aRedis();
    const [one, other] = await twoReplicas(redis.url);
    redis.freeze();
    const begun = performance.now();
    for (let i = 0; i < 50; i++) for (const replica of [one, other]) await leftOn(replica, newAddress());
    // A hundred that wait for Redis take fifteen seconds.
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect([reasonsOf(one), reasonsOf(other)]).toEqual([['timeout'], ['timeout']]);
    // Tried again meanwhile, and still not told of again.
    await pause(2_500);
    expect(turnsOf(one)).toEqual([1, 0]);
    redis.thaw();
    await untilShared(one, other);
    expect([turnsOf(one), turnsOf(other)]).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it('by a connection that is silent for good is reached over another one', async () => {
    const redis = await aRedis();
    const proxy = new TcpProxy({ host: '127.0.0.1', port: redis.port });
    await proxy.open();
    const [one, other] = await twoReplicas(`redis://127.0.0.1:${proxy.address.port}`);
    try {
      proxy.fallSilent();
      await leftOn(one, newAddress());
      await leftOn(other, newAddress());
      await untilShared(one, other);
      expect([turnsOf(one), turnsOf(other)]).toEqual([
        [1, 1],
        [1, 1],
      ]);
    } finally {
      await proxy.cut();
    }
  });

  it.each([
    ['has no memory left', ['maxmemory', '1'], ['maxmemory', '0'], 'OOM'],
    [
      'has too few replicas to write',
      ['min-replicas-to-write', '1'],
      ['min-replicas-to-write', '0'],
      'NOREPLICAS',
    ],
  ] as const)('as it %s is one that does not count', async (_what, broken, mended, reason) => {
    const redis = await aRedis();
    const [one, other] = await twoReplicas(redis.url);
    await redis.ask((client) => client.config('SET', ...broken));
    const address = newAddress();
    expect([await leftOn(one, address), await leftOn(other, address)]).toEqual([299, 299]);
    expect([reasonsOf(one), reasonsOf(other)]).toEqual([[reason], [reason]]);
    await redis.ask((client) => client.config('SET', ...mended));
    await untilShared(one, other);
  });
});

describe('a start', () => {
  it('succeeds without Redis, warns once, and shares the counts when it comes', async () => {
    const redis = await RedisServer.absent();
    servers.push(redis);
    const [one, other] = await twoReplicas(redis.url);
    expect([reasonsOf(one), reasonsOf(other)]).toEqual([['ECONNREFUSED'], ['ECONNREFUSED']]);
    const address = newAddress();
    expect([await leftOn(one, address), await leftOn(other, address)]).toEqual([299, 299]);
    await redis.start();
    await untilShared(one, other);
    expect(turnsOf(one)).toEqual([1, 1]);
  });

  it('succeeds within seconds while Redis hangs', async () => {
    const redis = await aRedis();
    redis.freeze();
    const begun = performance.now();
    const replica = await aReplica(redis.url);
    expect(performance.now() - begun).toBeLessThan(8_000);
    expect(turnsOf(replica)).toEqual([1, 0]);
    expect(await leftOn(replica, newAddress())).toBe(299);
  });

  it('succeeds with a wrong password, which nothing in the log tells', async () => {
    const redis = await aRedis('--requirepass', 'another');
    const replica = await aReplica(`redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}`);
    expect(await leftOn(replica, newAddress())).toBe(299);
    expect(reasonsOf(replica)).toHaveLength(1);
    expect(reasonsOf(replica)[0]).toMatch(/^(WRONGPASS|NOAUTH)$/);
    for (const line of replica.logLines) expect(line).not.toMatch(/hunter2|another/);
  });

  it('uses the user, the password and the database of the address', async () => {
    const redis = await aRedis();
    await redis.ask(async (client) => {
      await client.call('ACL', 'SETUSER', 'keyway', 'on', `>${PASSWORD}`, '~keyway:limit:*', '+@all');
      await client.call('ACL', 'SETUSER', 'default', 'off');
    });
    const address = `redis://keyway:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}/3`;
    const [one, other] = await twoReplicas(address);
    await untilShared(one, other);
    expect(turnsOf(one)).toEqual([0, 0]);
  });
});

describe('a process', () => {
  let database: Awaited<ReturnType<typeof aDatabase>>;
  beforeAll(async () => {
    buildKeyway();
    database = await aDatabase({ migrated: true });
  });
  afterAll(() => database?.drop());
  afterEach(sweep);

  const left = async ({ url }: KeywayProcess) => {
    const answer = await fetch(`${url}/v1/apps/shop`);
    return [answer.status, answer.headers.get('x-ratelimit-remaining')];
  };

  it('reads REDIS_URL from a file, speaks TLS to it, and accepts only a certificate that it can trust', async () => {
    const directory = aDirectory();
    const authority = new TestAuthority('Keyway tests');
    const key = newKey();
    const loopback = extension('551d11', der('30', der('87', Buffer.from([127, 0, 0, 1]))));
    const [certificate] = authority.chainFor(key, { extensions: [loopback] });
    const file = (name: string, content: string) => {
      const path = join(directory, name);
      writeFileSync(path, content);
      return path;
    };
    const pem = (it: Buffer) =>
      `-----BEGIN CERTIFICATE-----\n${it.toString('base64')}\n-----END CERTIFICATE-----\n`;
    const ca = file('ca.pem', pem(authority.certificate));
    const port = await freePort();
    const redis = await aRedis(
      ...['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', 'no', '--requirepass', PASSWORD],
      ...['--tls-cert-file', file('redis.pem', pem(certificate!)), '--tls-ca-cert-file', ca],
      ...['--tls-key-file', file('redis.key', key.export({ type: 'pkcs8', format: 'pem' }) as string)],
    );
    expect(redis).toBeDefined();
    const address = `rediss://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}\n`;
    const settings = { ...productionSettings(database.url), REDIS_URL_FILE: file('redis-url', address) };
    const trusting = { ...settings, NODE_EXTRA_CA_CERTS: ca };
    const [one, other, wary] = [
      await startKeyway(trusting),
      await startKeyway(trusting),
      await startKeyway(settings),
    ];
    expect([await left(one), await left(other), await left(wary)]).toEqual([
      [200, '299'],
      [200, '298'],
      [200, '299'],
    ]);
    wary.signal('SIGINT');
    wary.signal('SIGINT');
    const { output } = await wary.ending;
    expect(output).toContain(LOST);
    expect(output).toContain('SELF_SIGNED_CERT_IN_CHAIN');
    expect(output).not.toContain('hunter2');
  });
});
