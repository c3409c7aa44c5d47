import { createServer, type Server, type Socket } from 'node:net';
import { Client, Pool, type PoolConfig } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../test/support/test-database.js';
import { databaseOutage } from './database-outage.js';

/** `code reason` of the outage that the work ends with. */
async function outageOf(work: Promise<unknown>): Promise<string | null> {
  const thrown: unknown = await work.then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  );
  const outage = databaseOutage(thrown);
  return outage && `${outage.code} ${outage.reason}`;
}

describe('databaseOutage', () => {
  let database: TestDatabase;
  let pools: Pool[];
  let clients: Client[];
  beforeAll(async () => {
    database = await createTestDatabase();
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query('create table counters (id integer primary key, n integer not null check (n < 100))');
    await client.query('insert into counters values (1, 0), (2, 0)');
    await client.end();
  });
  beforeEach(() => {
    pools = [];
    clients = [];
  });
  afterEach(async () => {
    await Promise.all([...pools, ...clients].map((it) => it.end()));
  });
  afterAll(() => database.drop());

  function aPool(config: PoolConfig = {}): Pool {
    const pool = new Pool({ connectionString: database.url, ...config });
    // The pool reports each idle connection that it loses.
    pool.on('error', () => undefined);
    pools.push(pool);
    return pool;
  }

  /** A transaction that has begun with these statements, and ends with the test. */
  async function aTransaction(...statements: string[]): Promise<Client> {
    const client = new Client({ connectionString: database.url });
    clients.push(client);
    await client.connect();
    for (const statement of statements) await client.query(statement);
    return client;
  }

  const UPDATE = 'update counters set n = n';

  it('calls a deadlock busy', async () => {
    const one = await aTransaction('begin', `${UPDATE} where id = 1`);
    const other = await aTransaction('begin', `${UPDATE} where id = 2`);
    const crossing = [one.query(`${UPDATE} where id = 2`), other.query(`${UPDATE} where id = 1`)];
    // PostgreSQL ends one of the two; the other goes on.
    expect(await outageOf(Promise.all(crossing))).toBe('database_busy deadlock');
    await Promise.allSettled(crossing);
  });

  it('calls a serialization failure busy', async () => {
    const begin = 'begin isolation level repeatable read';
    const transaction = await aTransaction(begin, 'select * from counters');
    await aPool().query(UPDATE);
    expect(await outageOf(transaction.query(UPDATE))).toBe('database_busy serialization_failure');
  });

  it('calls a lock timeout and a statement timeout busy, each with its reason', async () => {
    await aTransaction('begin', UPDATE);
    expect(await outageOf(aPool({ lock_timeout: 50 }).query(UPDATE))).toBe('database_busy lock_timeout');
    expect(await outageOf(aPool({ statement_timeout: 50 }).query(UPDATE))).toBe(
      'database_busy statement_timeout',
    );
  });

  it('calls a pool without a free connection busy', async () => {
    const pool = aPool({ max: 1, connectionTimeoutMillis: 50 });
    const taken = await pool.connect();
    try {
      expect(await outageOf(pool.query('select 1'))).toBe('database_busy pool_exhausted');
    } finally {
      taken.release();
    }
  });

  it('calls a server that does not answer unavailable, while connecting and later', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket));
    const connectionString = await listen(silent);
    const pool = aPool({ connectionString, connectionTimeoutMillis: 50 });
    expect(await outageOf(pool.query('select 1'))).toBe('database_unavailable connect_timeout');
    sockets.forEach((socket) => socket.destroy());
    silent.close();
    const slow = aPool({ query_timeout: 50 });
    expect(await outageOf(slow.query('select pg_sleep(0.3)'))).toBe('database_unavailable answer_timeout');
  });

  it('calls a server that cannot be reached, or that ended the connection, unavailable', async () => {
    const gone = createServer();
    const connectionString = await listen(gone);
    gone.close();
    expect(await outageOf(aPool({ connectionString }).query('select 1'))).toBe(
      'database_unavailable unreachable',
    );
    const suicide = 'select pg_terminate_backend(pg_backend_pid())';
    expect(await outageOf(aPool().query(suicide))).toBe('database_unavailable connection_lost');
  });

  it('calls a read-only database unavailable', async () => {
    const pool = aPool({ options: '-c default_transaction_read_only=on' });
    expect(await outageOf(pool.query(UPDATE))).toBe('database_unavailable read_only');
  });

  it('calls a lack of free file descriptors unavailable', () => {
    for (const code of ['EMFILE', 'ENFILE']) {
      const error = Object.assign(new Error(`connect ${code} 127.0.0.1:5432`), { code, syscall: 'connect' });
      expect(databaseOutage(error)).toMatchObject({
        code: 'database_unavailable',
        reason: 'too_many_open_files',
      });
    }
  });

  it('finds an outage in the cause of an error of the ORM', async () => {
    const pool = aPool({ options: '-c default_transaction_read_only=on' });
    const wrapped = pool.query(UPDATE).catch((cause: unknown) => {
      throw new Error('wrapped', { cause });
    });
    expect(await outageOf(wrapped)).toBe('database_unavailable read_only');
  });

  it.each([
    ['a broken constraint', 'update counters set n = 100'],
    ['a table that is not there', 'select * from nothing'],
    ['a syntax error', 'selec 1'],
    ['an SQLSTATE of our own', `do $$ begin raise exception 'odd' using errcode = 'KW001'; end $$`],
  ])('does not call %s an outage', async (_what, text) => {
    expect(await outageOf(aPool().query(text))).toBeNull();
  });

  it('does not call any other thrown value an outage', () => {
    const circular = new Error('circular');
    circular.cause = circular;
    for (const thrown of [new TypeError('x is not a function'), circular, 'text', undefined, null, 7]) {
      expect(databaseOutage(thrown)).toBeNull();
    }
  });
});

/** Listens on a port of this machine, as the URL of a database. */
async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `postgresql://postgres@127.0.0.1:${(server.address() as { port: number }).port}/keyway`;
}
