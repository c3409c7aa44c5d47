import { jest } from '@jest/globals';
import { Readiness } from '../../src/health/readiness.js';
import { buildApp, buildAppOn, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http-answer.js';
import { sql } from '../support/tables.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const POOL = 2;
const MINUTE = 61_000; // ms

describe('health', () => {
  let app: TestApp;
  let wire: TcpProxy;
  let replica: TestApp;
  beforeEach(async () => {
    app = await buildApp();
    const { database, passage } = app.configuration;
    const url = new URL(database.kind === 'postgresql' ? database.url : '');
    wire = new TcpProxy({ host: url.hostname, port: Number(url.port) });
    await wire.open();
    url.host = `${wire.address.host}:${wire.address.port}`;
    replica = await buildAppOn({ kind: 'postgresql', url: url.href, poolMax: POOL }, { passage });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await replica?.close();
    await wire?.cut();
    await app?.close();
  });

  const ask = async (what: 'live' | 'ready') => {
    const { status, body } = await send(replica, { url: `/health/${what}` });
    return { status, body };
  };
  const OK = { status: 200, body: { status: 'ok' } };
  const FULL = { status: 200, body: { status: 'ok', pool: 'full' } };
  const failed = (reason: string) => ({ status: 503, body: { status: 'unavailable', reason } });

  /** What Keyway said of its health since `mark`, but for the lines of requests. */
  const told = (mark: number) =>
    replica.logLines
      .slice(mark)
      .map((line) => JSON.parse(line) as { context?: string; msg: string })
      .filter(({ context }) => context === 'Readiness')
      .map(({ msg }) => msg);

  /** Takes every connection of the pool, and lets a request wait for one, until `work` is done. */
  async function whilePoolIsFull(work: () => Promise<void>): Promise<void> {
    let release: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    let taken = 0;
    const hold = () =>
      replica.database.transaction(() => {
        taken += 1;
        return released;
      });
    const held = Array.from({ length: POOL }, hold);
    await eventually(() => expect(taken).toBe(POOL));
    const waiting = sql(replica, 'select 1').catch(() => undefined);
    try {
      await work();
    } finally {
      release!();
      // They fail where the database was cut off meanwhile.
      await Promise.allSettled([...held, waiting]);
    }
  }

  const nameOf = async (on: TestApp) =>
    (await sql<{ name: string }>(on, 'select current_database() as name'))[0]!.name;

  /** Until the pool has failed to make a connection: it still gives those that are dead. */
  const untilNoneIsGiven = () =>
    eventually(async () => {
      await sql(replica, 'select 1').catch(() => undefined);
      expect(replica.database.starvedFor).toBeGreaterThan(0);
    });

  const now = performance.now.bind(performance);
  let passed = 0;
  /** Lets the steady clock of this process be so much later from now on. */
  function pass(milliseconds: number): void {
    passed += milliseconds;
    jest.spyOn(performance, 'now').mockImplementation(() => now() + passed);
  }

  it('stays ready while the pool is full, and says so in the answer and once in the log', async () => {
    expect(await ask('ready')).toEqual(OK);
    const mark = replica.logLines.length;
    await whilePoolIsFull(async () => {
      expect(await ask('ready')).toEqual(FULL);
      expect(await ask('ready')).toEqual(FULL);
    });
    expect(await ask('ready')).toEqual(OK);
    expect(told(mark)).toEqual([
      'Requests wait for a connection: the pool is full (DATABASE_POOL_MAX)',
      'The pool has connections to give again',
    ]);
  });

  it('is not ready while the database is down, and logs why once, also while the pool is full', async () => {
    const mark = replica.logLines.length;
    await whilePoolIsFull(async () => {
      expect(await ask('ready')).toEqual(FULL);
      await wire.cut();
      expect(await ask('ready')).toEqual(failed('database'));
      expect(await ask('ready')).toEqual(failed('database'));
    });
    await wire.open();
    expect(await ask('ready')).toEqual(OK);
    expect(told(mark).filter((line) => line.startsWith('This replica'))).toEqual([
      expect.stringMatching(/^This replica is not ready: database \((connection_lost|unreachable)\)$/),
      'This replica is ready again',
    ]);
  });

  it('is ready again as soon as new connections accept writes, as after a failover', async () => {
    const database = `alter database ${await nameOf(app)}`;
    await sql(app, `${database} set default_transaction_read_only = on`);
    expect(await ask('ready')).toEqual(failed('read_only'));
    await sql(app, `${database} reset default_transaction_read_only`);
    expect(await ask('ready')).toEqual(OK);
  });

  it('is not ready while it drains, whatever its database does', async () => {
    replica.application.get(Readiness, { strict: false }).drain();
    expect(await ask('ready')).toEqual(failed('draining'));
    await wire.cut();
    expect(await ask('ready')).toEqual(failed('draining'));
    expect(await ask('live')).toEqual(OK);
  });

  it('is not alive once the pool has given no connection for a minute in which the database answered', async () => {
    await whilePoolIsFull(async () => {
      expect(await ask('ready')).toEqual(FULL);
      expect(await ask('live')).toEqual(OK);
      pass(MINUTE);
      expect(await ask('live')).toEqual(failed('pool_lost'));
    });
    expect(await ask('live')).toEqual(OK);
  });

  it('stays alive while the database is away, however long that lasts', async () => {
    expect(await ask('ready')).toEqual(OK);
    await wire.cut();
    await untilNoneIsGiven();
    expect(await ask('ready')).toEqual(failed('database'));
    pass(MINUTE);
    expect(await ask('live')).toEqual(OK);
  });

  it('stays alive for the first minute in which the database answers again', async () => {
    await whilePoolIsFull(async () => {
      expect(await ask('ready')).toEqual(FULL);
      pass(MINUTE);
      await wire.cut();
      expect(await ask('ready')).toEqual(failed('database'));
      await wire.open();
      expect(await ask('live')).toEqual(OK);
      pass(MINUTE);
      expect(await ask('live')).toEqual(failed('pool_lost'));
    });
    expect(await ask('live')).toEqual(OK);
  });

  it('is alive after a time without requests that followed a failure of the database', async () => {
    expect(await ask('ready')).toEqual(OK);
    await wire.cut();
    await untilNoneIsGiven();
    await wire.open();
    expect(await ask('ready')).toEqual(OK);
    pass(MINUTE);
    expect(await ask('live')).toEqual(OK);
  });
});
