import type { Pool, PoolClient } from 'pg';

const GRACE = 1_000; // ms in which whoever holds a connection learns that it is dead

/**
 * Gives connections that died in use back to the pool, which replaces them. Kysely keeps a connection for good when
 * `begin`, `commit` or `rollback` fails on it: without this, each transaction that a restart of PostgreSQL cuts short
 * would cost the pool one of its places.
 */
export function reclaimDeadConnections(pool: Pool): void {
  const inUse = new Set<PoolClient>();
  pool.on('acquire', (client) => inUse.add(client));
  pool.on('release', (_error, client) => inUse.delete(client));
  pool.on('connect', (client) => {
    const reclaim = () => {
      if (inUse.has(client)) client.release(true);
    };
    client.once('end', () => {
      if (inUse.has(client)) setTimeout(reclaim, GRACE);
    });
  });
}
