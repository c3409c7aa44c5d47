import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/free-port.js';

const ENTRY = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const COMMANDS = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PAGE = fileURLToPath(new URL('../../dist/web/index.html', import.meta.url));
const START_LIMIT = 60_000; // ms; the embedded database is created first
const ERROR_LEVEL = 50; // of pino

/** The built server in demo mode, as `node dist/main.js` starts it: a process of its own, with data of its own. */
export class DemoServer {
  #output = '';
  private readonly closed: Promise<unknown>;

  private constructor(
    readonly port: number,
    private readonly directory: string,
    private readonly process: ChildProcess,
  ) {
    this.closed = once(process, 'close');
    process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  /**
   * Resolves once the server is ready for requests; its app has these options of `keyway app create`. Throws a sentence if
   * there is no build or it does not start.
   */
  static async start(...appOptions: readonly string[]): Promise<DemoServer> {
    if (!existsSync(ENTRY) || !existsSync(PAGE)) {
      throw new Error(
        'The browser tests run the built server, and dist is missing: run npm run build first.',
      );
    }
    const directory = await mkdtemp(join(tmpdir(), 'keyway-browser-'));
    const port = await freePort();
    // None of our settings but these two: any other could keep the demo from running.
    const env = { PATH: process.env['PATH'], DATA_DIR: join(directory, 'data'), PORT: String(port) };
    if (appOptions.length > 0) {
      const app = ['demo', '--rp-id', 'localhost', '--origins', `http://localhost:${port}`, ...appOptions];
      for (const command of [['migrate'], ['app', 'create', ...app]]) {
        execFileSync(process.execPath, [COMMANDS, ...command], { cwd: directory, env });
      }
    }
    const child = spawn(process.execPath, ['--enable-source-maps', ENTRY], {
      cwd: directory,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = new DemoServer(port, directory, child);
    try {
      await server.ready();
    } catch (error) {
      await server.kill();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** Errors in the server's log, and whatever it wrote that is no log line. */
  complaints(): string[] {
    const lines = this.#output.split('\n').filter((line) => line.trim() !== '');
    return lines.filter((line) => levelOf(line) >= ERROR_LEVEL);
  }

  /** Asks the server to stop, as an orchestrator does, and resolves to its exit code; null if a signal ended it. */
  async stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  /** For when things went wrong: leaves nothing running and nothing on the disk. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    this.process.kill(signal);
    await this.closed;
    await rm(this.directory, { recursive: true, force: true });
    return this.process.exitCode;
  }

  private async ready(): Promise<void> {
    const limit = Date.now() + START_LIMIT;
    while (Date.now() < limit && this.process.exitCode === null) {
      const answer = await fetch(`${this.url}/health/ready`).catch(() => null);
      if (answer?.ok) return;
      await pause(100);
    }
    throw new Error(`The demo did not start. It said:\n${this.#output}`);
  }
}

function levelOf(line: string): number {
  try {
    return (JSON.parse(line) as { level?: number }).level ?? Infinity;
  } catch {
    return Infinity;
  }
}
