import { setTimeout as pause } from 'node:timers/promises';
import { everyNow, type MigrationSession } from './migration-session.js';

/** An arbitrary number that names the lock which migrating replicas wait for. */
const MIGRATION_LOCK = 5_393_217_044;
const PAUSE = 200; // ms

const HOLDER = `
  select a.pid, a.backend_start::text as since from pg_locks l join pg_stat_activity a using (pid)
  where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())
    and (l.classid::bigint << 32) + l.objid::bigint = $1`;

/**
 * Does `work` while no other replica migrates, however long that takes, and says whom it waits for. The lock is the
 * session's: if this process is killed, it is held until the statement that is being run on it has ended, too.
 */
export async function whileAlone<T>(session: MigrationSession, work: () => Promise<T>): Promise<T> {
  const isTimeToSay = everyNow(session.patience.silence);
  // A statement that waited would have a snapshot all the while, for which the other one's building of an index would wait.
  while (!(await isTaken(session))) {
    if (isTimeToSay()) session.say(await waitingLine(session));
    await pause(PAUSE);
  }
  try {
    return await work();
  } finally {
    // The server may notice only later that the connection is closed.
    await session.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
  }
}

async function isTaken(session: MigrationSession): Promise<boolean> {
  const [row] = await session.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
    MIGRATION_LOCK,
  ]);
  return row!.taken;
}

async function waitingLine(session: MigrationSession): Promise<string> {
  const [holder] = await session.query<{ pid: number; since: string }>(HOLDER, [MIGRATION_LOCK]);
  const which = holder ? ` (process ${holder.pid} of the database server, since ${holder.since})` : '';
  return `Another migrator is at work${which}: waiting for its end.`;
}
