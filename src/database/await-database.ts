import { setTimeout as pause } from 'node:timers/promises';
import type { DatabaseSettings } from '../config/configuration.js';
import { databaseOutage } from './database-outage.js';
import { inspectServer } from './postgres-server.js';
import { PostgresServers } from './postgres-servers.js';

const PATIENCE = 60_000; // ms
const PAUSE = 1_000; // ms between two tries
const TIMEOUT = 5_000; // ms

/** How to wait, and `onWait` to be told, once, why. */
interface Waiting {
  readonly onWait: (why: Error) => Promise<void>;
  /** Milliseconds. */
  readonly patience?: number;
}

/**
 * Waits until the database answers and accepts writes, for a minute. Throws an Error with a sentence for the operator if it
 * then does not, or at once what no waiting mends, such as a wrong password that is from no file.
 */
export async function awaitDatabase(
  settings: DatabaseSettings,
  { onWait, patience = PATIENCE }: Waiting,
): Promise<void> {
  if (settings.kind === 'embedded') return;
  const servers = new PostgresServers(settings);
  const deadline = performance.now() + patience;
  for (let hasWaited = false; ; hasWaited = true) {
    try {
      return await assertWritable(servers);
    } catch (error) {
      if (!mayPass(error, servers)) throw error;
      if (performance.now() + PAUSE > deadline) throw inVain(error as Error, patience);
      if (!hasWaited) await onWait(error as Error);
      await pause(PAUSE);
    }
  }
}

async function assertWritable(servers: PostgresServers): Promise<void> {
  const { isReadOnly } = await inspectServer(servers, TIMEOUT);
  if (isReadOnly) throw new ReadOnly(servers.place);
}

class ReadOnly extends Error {
  constructor(place: string) {
    super(
      `The database ${place} only reads, as a standby does: set DATABASE_URL to the address of the primary, ` +
        'or to a list of hosts that has it.',
    );
  }
}

function mayPass(error: unknown, { canReadLogin }: PostgresServers): boolean {
  if (error instanceof ReadOnly) return true;
  const outage = databaseOutage(error);
  return outage !== null && (outage.reason !== 'login_refused' || canReadLogin);
}

const inVain = (error: Error, patience: number): Error =>
  new Error(`${error.message} Keyway has waited for it for ${Math.round(patience / 1_000)} s.`, {
    cause: error,
  });
