import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

const ROOT = '/usr/lib/postgresql';
const run = promisify(execFile);

/** A server of Debian's PostgreSQL, which npm's brings no tools for: one that can follow another, and take its place. */
export class DebianPostgres {
  private constructor(
    private readonly directory: string,
    readonly port: number,
  ) {}

  /** An empty one, running. */
  static async start(): Promise<DebianPostgres> {
    const server = new DebianPostgres(aDirectory(), await freePort());
    await server.tool('initdb', '--auth=trust', '--username=postgres', '--encoding=UTF8', '--no-sync');
    await server.resume();
    return server;
  }

  /** One that follows another, running. */
  static async follow(primary: DebianPostgres): Promise<DebianPostgres> {
    const server = new DebianPostgres(aDirectory(), await freePort());
    const source = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'postgres'];
    await server.tool('pg_basebackup', ...source, '--write-recovery-conf', '--checkpoint=fast');
    await server.resume();
    return server;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Of its maintenance database, as a superuser. */
  get url(): string {
    return `postgresql://postgres@${this.host}/postgres`;
  }

  /** Starts it again, as what it was. */
  async resume(): Promise<void> {
    const flags = `-p ${this.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
    await this.tool('pg_ctl', '-w', '-l', join(this.directory, 'log'), '-o', flags, 'start');
  }

  /** Ends it as an operator would, once a follower has all of it; `crash` as a power cut would. */
  async stop(mode: 'fast' | 'crash' = 'fast'): Promise<void> {
    await this.tool('pg_ctl', '-w', '-m', mode === 'fast' ? 'fast' : 'immediate', 'stop');
  }

  /** Makes it the primary. */
  async promote(): Promise<void> {
    await this.tool('pg_ctl', '-w', 'promote');
  }

  /** Starts it again as a standby of another. */
  async resumeFollowing(primary: DebianPostgres): Promise<void> {
    const line = `primary_conninfo = 'host=127.0.0.1 port=${primary.port} user=postgres'\n`;
    writeFileSync(join(this.directory, 'postgresql.auto.conf'), line);
    writeFileSync(join(this.directory, 'standby.signal'), '');
    await this.resume();
  }

  /** Ends it, if it runs, and deletes its data. */
  async remove(): Promise<void> {
    await this.stop('crash').catch(() => undefined);
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async tool(name: string, ...args: string[]): Promise<void> {
    const command = [join(newestTools(), name), '-D', this.directory, ...args];
    // Nothing of it may keep our pipes open.
    await run('sh', ['-c', '"$@" > /dev/null 2>&1', 'sh', ...command], { cwd: '/', ...unprivileged() });
  }
}

/** It refuses to run as root. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const { uid, gid } = statSync('/var/lib/postgresql');
  return { uid, gid };
}

function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'keyway-debian-postgres-'));
  chmodSync(directory, 0o700);
  const { uid, gid } = unprivileged();
  if (uid !== undefined) chownSync(directory, uid, gid!);
  return directory;
}

function newestTools(): string {
  const [newest] = readdirSync(ROOT).sort((a, b) => Number(b) - Number(a));
  if (newest === undefined) throw new Error('Install the Debian package postgresql for this test.');
  return join(ROOT, newest, 'bin');
}
