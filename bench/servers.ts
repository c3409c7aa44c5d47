import { type ChildProcess, execFile, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../test/support/free-port.ts';
import type { BareSettings } from './bare-server.ts';
import { FIXTURE } from './fixture.ts';
import type { Tokens } from './tokens.ts';

export interface Server {
  readonly name: string;
  /** Without a trailing slash. */
  readonly url: string;
  /** User and system time of the process so far, all threads, in microseconds; NaN where there is no /proc. */
  cpuTime(): number;
  stop(): Promise<void>;
}

const START_LIMIT = 30_000; // ms
const STOP_LIMIT = 15_000; // ms; Keyway gives load balancers 5 s to notice
const HOST = '127.0.0.1';
const CLOCK_TICK = 10_000; // µs; Linux tells processes a hundredth of a second, although it counts in finer units itself

/** Another build may be measured by naming its directory. */
const DIST = process.env.BENCH_DIST ?? join(import.meta.dirname, '../dist');

/** Brings an empty database's schema up to date, as an operator does. */
export async function migrate(databaseUrl: string): Promise<void> {
  await promisify(execFile)(process.execPath, [join(DIST, 'cli/main.js'), 'migrate'], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', DATABASE_URL: databaseUrl },
  });
}

/** What few users and servers ask for here, many do elsewhere: counted, and never refused. */
const UNLIMITED = { RATE_LIMIT_USER: '1000000', RATE_LIMIT_KEY: '1000000' };

/** Keyway as it is deployed, behind a proxy on the loopback, its log written to /dev/null. */
export async function startKeyway(databaseUrl: string, { publicKey }: Tokens): Promise<Server> {
  const port = await freePort();
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    HOST,
    PORT: String(port),
    PUBLIC_URL: FIXTURE.publicUrl,
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_MAX: String(FIXTURE.poolMax),
    KEYWAY_SECRET: randomBytes(32).toString('base64'),
    APP_ID: FIXTURE.appId,
    APP_NAME: FIXTURE.appName,
    APP_ORIGINS: FIXTURE.origin,
    APP_RP_ID: FIXTURE.rpId,
    JWT_PUBLIC_KEY: publicKey,
    JWT_ISSUER: FIXTURE.issuer,
    JWT_AUDIENCE: FIXTURE.audience,
    TRUST_PROXY: 'loopback',
    ...UNLIMITED,
  };
  const child = spawn(
    process.execPath,
    [...process.execArgv, '--enable-source-maps', join(DIST, 'main.js')],
    {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  tether(child);
  const server = serverOf('Keyway', port, child);
  await readiness(child, `${server.url}/health/ready`);
  return server;
}

/** The hand-written server that Keyway is compared with. */
export async function startBare(databaseUrl: string, { publicKey, algorithm }: Tokens): Promise<Server> {
  const child = fork(join(import.meta.dirname, 'bare-server.ts'), {
    env: { PATH: process.env.PATH, NODE_ENV: 'production' },
  });
  tether(child);
  const secret = randomBytes(32).toString('base64');
  child.send({ databaseUrl, publicKey, algorithm, secret } satisfies BareSettings);
  const [port] = (await Promise.race([
    once(child, 'message', { signal: AbortSignal.timeout(START_LIMIT) }),
    earlyEnd(child),
  ])) as [number];
  return serverOf('bare', port, child);
}

const serverOf = (name: string, port: number, child: ChildProcess): Server => ({
  name,
  url: `http://${HOST}:${port}`,
  cpuTime: () => cpuTimeOf(child.pid!),
  stop: () => stop(child),
});

/** See proc_pid_stat(5): utime and stime are the 12th and 13th fields past the name, which may hold spaces. */
function cpuTimeOf(pid: number): number {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return NaN;
  const stat = readFileSync(path, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK;
}

async function readiness(child: ChildProcess, url: string): Promise<void> {
  const end = earlyEnd(child);
  for (const deadline = Date.now() + START_LIMIT; Date.now() < deadline;) {
    const status = await Promise.race([
      end,
      fetch(url).then(
        ({ status }) => status,
        () => 0,
      ),
    ]);
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill('SIGKILL');
  throw new Error(`The server did not become ready within ${START_LIMIT} ms.`);
}

/** Only ever rejects. */
function earlyEnd(child: ChildProcess): Promise<never> {
  const end = once(child, 'exit').then(([code]) => {
    throw new Error(`A server ended with ${code}.`);
  });
  end.catch(() => undefined);
  return end;
}

/** Leaves nothing behind, however this process ends. */
function tether(child: ChildProcess): void {
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, 'exit');
  if (child.connected) child.disconnect();
  else child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT);
  await end;
  clearTimeout(timer);
}
