import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Client } from 'pg';
import { freePort } from '../../test/support/free-port.js';
import { createTestDatabase, type TestDatabase } from '../../test/support/test-database.js';
import { databaseOutage } from './database-outage.js';
import { PostgresClient } from './postgres-client.js';
import { PostgresServers } from './postgres-servers.js';

const PATIENCE = 5_000; // ms

describe('a connection to one of several servers', () => {
  let [writes, reads]: [TestDatabase, TestDatabase] = [] as never;
  let silent: Server;
  beforeAll(async () => {
    [writes, reads] = [await createTestDatabase(), await createTestDatabase()];
    const client = new Client({ connectionString: writes.url });
    await client.connect();
    await client.query(`alter database ${nameOf(reads)} set default_transaction_read_only = on`);
    await client.end();
    silent = createServer((socket) => socket.on('error', () => undefined));
    await once(silent.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(async () => {
    silent?.close();
    await writes?.drop();
    await reads?.drop();
  });

  const nameOf = ({ url }: TestDatabase): string => new URL(url).pathname.slice(1);
  /** Servers by their hosts, of one database. */
  const serversAt = (hosts: readonly string[], on: TestDatabase, parameters = ''): PostgresServers => {
    const url = new URL(on.url);
    const user = url.username && `${url.username}:${url.password}@`;
    return new PostgresServers({ url: `postgresql://${user}${hosts.join(',')}${url.pathname}${parameters}` });
  };
  const hostOf = ({ url }: TestDatabase): string => new URL(url).host;

  async function connecting(
    servers: PostgresServers,
  ): Promise<{ ms: number; error?: Error; database?: string }> {
    const client = new PostgresClient(servers, { connectionTimeoutMillis: PATIENCE });
    client.on('error', () => undefined);
    const begun = performance.now();
    try {
      await client.connect();
      const ms = performance.now() - begun;
      const { rows } = await client.query<{ name: string }>('select current_database() as name');
      return { ms, database: rows[0]!.name };
    } catch (error) {
      return { ms: performance.now() - begun, error: error as Error };
    } finally {
      await client.end();
    }
  }

  it('is made to the first that answers, after two seconds for one that is silent; the next begins there', async () => {
    const { port } = silent.address() as AddressInfo;
    const servers = serversAt([`127.0.0.1:${await freePort()}`, `127.0.0.1:${port}`, hostOf(writes)], writes);
    const first = await connecting(servers);
    expect(first.database).toBe(nameOf(writes));
    expect(first.ms).toBeGreaterThan(1_900);
    expect(first.ms).toBeLessThan(3_500);
    const second = await connecting(servers);
    expect(second.database).toBe(nameOf(writes));
    expect(second.ms).toBeLessThan(1_000);
  });

  it('fails with what each of them said, as an outage that is read-only if one only reads', async () => {
    const dead = `127.0.0.1:${await freePort()}`;
    const { error: unreachable } = await connecting(serversAt([dead, dead], writes));
    expect(unreachable!.message).toMatch(/ECONNREFUSED.*; .*ECONNREFUSED/);
    expect(databaseOutage(unreachable)).toMatchObject({ reason: 'unreachable' });
    const { error } = await connecting(serversAt([hostOf(reads), dead], reads));
    expect(error!.message).toMatch(/the server only reads; .*ECONNREFUSED/);
    expect(databaseOutage(error)).toMatchObject({ code: 'database_unavailable', reason: 'read_only' });
  });

  it.each([
    ['?target_session_attrs=read-write', false],
    ['?target_session_attrs=primary', true],
    ['?target_session_attrs=any', true],
    ['', true],
  ])('to a primary that only reads by default is, with %j, made: %s', async (parameters, isMade) => {
    const { error } = await connecting(serversAt([hostOf(reads)], reads, parameters));
    expect(error === undefined).toBe(isMade);
  });

  it('gives up in time, however many servers are silent', async () => {
    const { port } = silent.address() as AddressInfo;
    const { ms, error } = await connecting(
      serversAt(
        Array.from({ length: 5 }, () => `127.0.0.1:${port}`),
        writes,
      ),
    );
    expect(databaseOutage(error)).toMatchObject({ reason: 'connect_timeout' });
    expect(ms).toBeLessThan(PATIENCE + 500);
  });
});
