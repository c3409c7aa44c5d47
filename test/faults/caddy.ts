import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { accepts, freePort } from '../support/free-port.js';
import type { LoadBalancer } from './balancer.js';

/** Debian's Caddy with `deploy/Caddyfile`, on a port of the loopback, without TLS. */
export class Caddy implements LoadBalancer {
  readonly unready = new Set<string>();

  private constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
    readonly url: string,
  ) {}

  /** In front of replicas that listen, or will, on these ports. */
  static async start(ports: readonly number[]): Promise<Caddy> {
    const [directory, port] = [mkdtempSync(join(tmpdir(), 'keyway-caddy-')), await freePort()];
    const url = `http://127.0.0.1:${port}`;
    const child = spawn('caddy', ['run', '--config', 'deploy/Caddyfile', '--adapter', 'caddyfile'], {
      env: {
        PATH: process.env.PATH,
        HOME: directory,
        KEYWAY_SITE: url,
        KEYWAY_REPLICAS: ports.map((replica) => `127.0.0.1:${replica}`).join(' '),
      },
      stdio: 'ignore',
    });
    const failure = once(child, 'error').then(([error]: Error[]) => {
      throw new Error(`${error!.message}: install Debian's package caddy for this test.`);
    });
    await Promise.race([failure, eventually(() => accepts(port))]);
    return new Caddy(child, directory, url);
  }

  /** It knows its replicas, and finds out by itself which are ready: this waits until this one is, and it has found one. */
  async add(url: string): Promise<void> {
    for (const origin of [url, this.url]) {
      await eventually(async () => expect((await fetch(`${origin}/health/ready`)).status).toBe(200));
    }
  }

  remove(): void {
    // It finds that out, too.
  }

  async close(): Promise<void> {
    const ended = once(this.child, 'exit');
    if (this.child.kill('SIGKILL')) await ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}
