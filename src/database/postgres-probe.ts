import type { ClientConfig } from 'pg';
import { databaseOutage } from './database-outage.js';
import { PostgresClient } from './postgres-client.js';
import type { PostgresServers } from './postgres-servers.js';

const PATIENCE = 2_000; // ms
const IS_WRITABLE = `select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' as writable`;

/**
 * A connection beside the pool, on which a replica asks how its database is also while requests use every other. It is made
 * when it is first asked, and anew after a failure.
 */
export class PostgresProbe {
  private connected: Promise<PostgresClient> | null = null;

  constructor(
    private readonly servers: PostgresServers,
    private readonly config: ClientConfig,
  ) {}

  /** Whether the database accepts writes. Throws if it does not answer within two seconds to connect, and two more. */
  async isWritable(): Promise<boolean> {
    this.connected ??= this.connect();
    const { connected } = this;
    try {
      const { rows } = await (await connected).query<{ writable: boolean }>(IS_WRITABLE);
      const isWritable = rows[0]!.writable;
      // After a failover the same address may lead to another server.
      if (!isWritable) this.drop(connected);
      return isWritable;
    } catch (error) {
      this.drop(connected);
      if (databaseOutage(error)?.reason === 'read_only') return false;
      throw error;
    }
  }

  async close(): Promise<void> {
    const { connected } = this;
    this.connected = null;
    await connected?.then(
      (client) => client.end(),
      () => undefined,
    );
  }

  private connect(): Promise<PostgresClient> {
    const client = new PostgresClient(this.servers, {
      ...this.config,
      connectionTimeoutMillis: PATIENCE,
      query_timeout: PATIENCE,
    });
    const connected = client.connect().then(() => client);
    // What goes wrong also rejects the question under way; between two questions the next one has to connect.
    client.on('error', () => this.drop(connected));
    return connected;
  }

  private drop(connected: Promise<PostgresClient>): void {
    if (this.connected === connected) this.connected = null;
    connected.then((client) => client.end()).catch(() => undefined);
  }
}
