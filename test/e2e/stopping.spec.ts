import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { type Answer, ask } from './ask.js';
import { buildKeyway } from './build-keyway.js';
import { startByScript, startKeyway, sweep } from './keyway-process.js';
import { aDatabase, aToken, productionSettings } from './production.js';

const DRAIN = 5_000; // ms

describe('a stop in production', () => {
  let database: Awaited<ReturnType<typeof aDatabase>>;

  beforeAll(async () => {
    buildKeyway();
    database = await aDatabase({ migrated: true });
  }, 150_000);
  afterEach(sweep);
  afterAll(() => database?.drop());

  it('completes a request that takes longer than the drain, and exits with 0', async () => {
    // A request would give the lock up after two seconds.
    const { url, ending, signal } = await startKeyway(productionSettings(`${database.url}?lock_timeout=0`));
    const release = await holdUsers(database.url);
    const slow = ask(`${url}/user/devices`, { headers: { authorization: `Bearer ${await aToken()}` } });
    await aStatementWaits(database.url);
    signal('SIGTERM');
    await delay(DRAIN + 1_000);
    await expect(ask(`${url}/health/live`)).rejects.toThrow('ECONNREFUSED');
    await release();
    const { status, headers } = await slow;
    expect({ status, connection: headers.connection }).toEqual({ status: 200, connection: 'close' });
    const { code, stdout, stderr } = await ending;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/"route":"\/user\/devices","status":200/);
  });

  it('stops the service, not only the shell in which npm starts it', async () => {
    const { url, ending, signal } = await startByScript(productionSettings(database.url));
    signal('SIGTERM');
    expect(await ending).toMatchObject({ code: 0, stderr: '' });
    await expect(ask(`${url}/health/live`)).rejects.toThrow('ECONNREFUSED');
  });

  it('does not wait for a connection without a request', async () => {
    const { url, ending, signal } = await startKeyway(productionSettings(database.url));
    const unused = connect(Number(new URL(url).port), '127.0.0.1');
    await once(unused, 'connect');
    const asked = Date.now();
    signal('SIGTERM');
    expect(await ending).toMatchObject({ code: 0, stderr: '' });
    expect(Date.now() - asked).toBeLessThan(DRAIN + 3_000);
    unused.destroy();
  });

  it('reports not ready, but answers every request, until load balancers have noticed', async () => {
    const { url, ending, signal } = await startKeyway(productionSettings(database.url));
    const agent = new Agent({ keepAlive: true });
    const idle = new Agent({ keepAlive: true });
    await ask(`${url}/health/live`, { agent: idle });
    const before = await ask(`${url}/health/live`, { agent });
    expect(before.headers.connection).toBe('keep-alive');
    const asked = Date.now();
    signal('SIGTERM');
    await delay(200);
    const readiness = await ask(`${url}/health/ready`, { agent });
    expect(readiness.status).toBe(503);
    expect(JSON.parse(readiness.body)).toEqual({ status: 'unavailable', reason: 'draining' });
    const during: Answer[] = [];
    while (Date.now() - asked < DRAIN - 1_000) during.push(await ask(`${url}/health/live`, { agent }));
    expect(during.length).toBeGreaterThan(10);
    expect(during.every(({ status, headers }) => status === 200 && headers.connection === 'close')).toBe(
      true,
    );
    // The idle connection, which would be kept for 65 s, does not hold the process up.
    expect(await ending).toMatchObject({ code: 0, stderr: '' });
    expect(Date.now() - asked).toBeLessThan(DRAIN + 3_000);
    agent.destroy();
    idle.destroy();
  });

  it('is immediate on a second signal, but counts the same signal twice at once as one', async () => {
    const { url, ending, signal } = await startKeyway(productionSettings(database.url));
    const asked = Date.now();
    signal('SIGINT');
    signal('SIGINT');
    await delay(1_500);
    expect((await ask(`${url}/health/live`)).status).toBe(200);
    signal('SIGTERM');
    expect((await ending).code).toBe(1);
    expect(Date.now() - asked).toBeLessThan(DRAIN);
  });
});

/** Makes every statement on `users` wait until the function is called. */
async function holdUsers(url: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url });
  // A test that has failed leaves it to the end of its database.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('begin; lock table users in access exclusive mode');
  return async () => {
    await client.query('commit');
    await client.end();
  };
}

/** Resolves as soon as a statement of the service waits for a lock. */
async function aStatementWaits(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const waiting = `select 1 from pg_stat_activity
      where datname = current_database() and application_name = 'keyway' and wait_event_type = 'Lock'`;
    for (let tries = 0; (await client.query(waiting)).rowCount === 0; tries++) {
      if (tries === 200) throw new Error('No statement of the service waits.');
      await delay(50);
    }
  } finally {
    await client.end();
  }
}
