import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { Client } from 'pg';
import { freePort } from '../../test/support/free-port.js';
import { TcpProxy } from '../../test/support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../../test/support/test-database.js';
import { awaitDatabase } from './await-database.js';

const PATIENCE = 2_500; // ms

describe('waiting for the database', () => {
  let database: TestDatabase;
  let told: string[];
  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await createTestDatabase();
  });
  beforeEach(() => {
    told = [];
  });
  afterAll(() => database?.drop());

  const waitFor = (url: string, urlFile?: string) =>
    awaitDatabase(
      { kind: 'postgresql', url, poolMax: 2, ...(urlFile && { urlFile }) },
      { onWait: ({ message }) => Promise.resolve(void told.push(message)), patience: PATIENCE },
    );
  const admin = async (text: string): Promise<void> => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query('set default_transaction_read_only = off');
      await client.query(text);
    } finally {
      await client.end();
    }
  };

  it('is over at once where it answers, or is embedded', async () => {
    await waitFor(database.url);
    const onWait = () => Promise.reject(new Error('waits'));
    await awaitDatabase({ kind: 'embedded', directory: '/nowhere' }, { onWait });
    expect(told).toEqual([]);
  });

  it('ends when it answers, and is told of once', async () => {
    const url = new URL(database.url);
    const wire = new TcpProxy({ host: url.hostname, port: Number(url.port) });
    await wire.open();
    await wire.cut();
    url.host = `${wire.address.host}:${wire.address.port}`;
    const waited = waitFor(url.href);
    setTimeout(() => void wire.open(), 1_500);
    await waited;
    expect(told).toEqual([expect.stringMatching(/^Cannot connect to the database .*ECONNREFUSED/)]);
    await wire.cut();
  });

  it('fails in the end with a sentence that says for how long it went on', async () => {
    const url = `postgresql://keyway:hunter2@127.0.0.1:${await freePort()}/shop`;
    await expect(waitFor(url)).rejects.toThrow(
      /^Cannot connect to the database .*ECONNREFUSED.*: set DATABASE_URL to .*\. Keyway has waited for it for 3 s\.$/,
    );
    expect(told.join()).not.toContain('hunter2');
  });

  it('goes on while it only reads, as before a standby is promoted', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await admin(`alter database ${name} set default_transaction_read_only = on`);
    try {
      await expect(waitFor(database.url)).rejects.toThrow(/only reads, as a standby does: set DATABASE_URL/);
      expect(told).toHaveLength(1);
    } finally {
      await admin(`alter database ${name} reset default_transaction_read_only`);
    }
  });

  it('does not begin for what no waiting mends', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_shop';
    await expect(waitFor(url.href)).rejects.toThrow(/does not exist\): set DATABASE_URL/);
    expect(told).toEqual([]);
  });

  it('goes on while a login is refused only where it is from a file', async () => {
    const url = new URL(database.url);
    const directory = mkdtempSync(join(tmpdir(), 'keyway-url-'));
    const file = join(directory, 'url');
    // Of a role that may not log in, by any method of authentication.
    await admin(`create role keyway_nologin nologin password 'x'`);
    const right = url.href;
    url.username = 'keyway_nologin';
    url.password = 'x';
    try {
      await expect(waitFor(url.href)).rejects.toThrow(/set DATABASE_URL to .* the user and the password/);
      expect(told).toEqual([]);
      writeFileSync(file, url.href);
      setTimeout(() => writeFileSync(file, right), 1_000);
      await waitFor(url.href, file);
    } finally {
      await admin('drop role keyway_nologin');
      rmSync(directory, { recursive: true });
    }
  });
});
