import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

/** Debian's redis-server on a free port of the loopback; nothing of it is kept. */
export class RedisServer {
  private child: ChildProcess | null = null;

  private constructor(
    readonly port: number,
    private readonly options: readonly string[],
  ) {}

  /** One to be started later. */
  static async absent(...options: readonly string[]): Promise<RedisServer> {
    return new RedisServer(await freePort(), options);
  }

  /** Throws if the Debian package redis-server is not installed. */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const server = await RedisServer.absent(...options);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** On the same port as before. */
  async start(): Promise<void> {
    const port = this.options.includes('--tls-port') ? [] : ['--port', `${this.port}`];
    const always = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn('redis-server', [...port, ...always, ...this.options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child = child;
    const absent = once(child, 'error').then(([error]) => {
      throw new Error('Install the Debian package redis-server.', { cause: error });
    });
    let told = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
    const ready = eventually(() => {
      if (!told.includes('Ready to accept connections')) throw new Error(`redis-server says:\n${told}`);
    });
    await Promise.race([ready, absent]);
  }

  /** Stops answering, and keeps its connections, until `thaw`. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Asks it something over a connection of its own. */
  async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.url);
    try {
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  }
}
