import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { accepts, freePort } from './free-port.ts';

const PROGRAM = '/usr/sbin/pgbouncer';

export interface PgBouncer {
  /** The same database as the one it stands in front of. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Debian's PgBouncer in front of a database, as it comes but for what `settings` say. */
export async function startPgBouncer(databaseUrl: string, settings: readonly string[]): Promise<PgBouncer> {
  if (!existsSync(PROGRAM)) throw new Error('Install the Debian package pgbouncer for this test.');
  const { hostname, port: serverPort, pathname, username, password } = new URL(databaseUrl);
  const [directory, port] = [mkdtempSync(join(tmpdir(), 'keyway-pgbouncer-')), await freePort()];
  chmodSync(directory, 0o755);
  const file = join(directory, 'pgbouncer.ini');
  const name = pathname.slice(1);
  const login = `user=${username}${password && ` password=${password}`}`;
  const lines = [
    '[databases]',
    `${name} = host=${hostname} port=${serverPort} dbname=${name} ${login}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    ...settings,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o644 });
  // It refuses to run as root.
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(PROGRAM, [...asUser, file], { stdio: 'ignore' });
  await eventually(() => accepts(port));
  const stop = async (): Promise<void> => {
    await ended(child);
    rmSync(directory, { recursive: true, force: true });
  };
  return { url: `postgresql://keyway@127.0.0.1:${port}/${name}`, stop };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await end;
}
