import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** A database of its own, gone after `drop`. */
export interface TestDatabase {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

/** Makes an empty database on the server of the run. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `keyway_${randomBytes(6).toString('hex')}`;
  const server = process.env.TEST_DATABASE_URL!;
  // A server that was set up without a locale makes databases in SQL_ASCII otherwise.
  await execute(server, `create database ${name} encoding 'UTF8' template template0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => execute(server, `drop database if exists ${name} with (force)`) };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
