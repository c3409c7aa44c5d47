import { Client } from 'pg';

/** A connection of its own to a database, until `end`. */
export async function connectTo(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

/** Does to a database what no command does. */
export async function sqlOn(url: string, sql: string): Promise<void> {
  const client = await connectTo(url);
  await client.query(sql).finally(() => client.end());
}
