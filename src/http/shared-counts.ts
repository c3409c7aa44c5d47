import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { Redis, ReplyError, type Result } from 'ioredis';
import type { Logger } from 'pino';
import { hostOf } from '../config/addresses.js';

const PATIENCE = 150; // ms for one count; a request is not to wait longer for what only limits it
const START_PATIENCE = 1_500; // ms
const EVERY = 1_000; // ms between the tries to reach it again
const PURPOSE = 'keyway rate limits, names of counts, HMAC-SHA-256';

/** Counts one request, in a window that begins with the first one, or wherever a count has no end. */
const COUNT = `
  local current = redis.call('INCR', KEYS[1])
  local ttl = redis.call('PTTL', KEYS[1])
  if ttl < 0 then
    ttl = tonumber(ARGV[1])
    redis.call('PEXPIRE', KEYS[1], ttl)
  end
  return {current, ttl}`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    countRequest(key: string, window: number): Result<[current: number, ttl: number], Context>;
  }
}

/** How many requests were counted, and the milliseconds until their number starts again at 0. */
export interface Count {
  readonly current: number;
  readonly ttl: number;
}

/** Where the counts are, and what makes their names unreadable there. */
export interface SharedCountSettings {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  /** The same for all replicas; 16 bytes or more. */
  readonly secret: Buffer;
}

/**
 * Counts of requests that all replicas add to, in Redis. While that is away, slow or broken no request waits for it, but
 * those that notice it first: it is asked again each second, beside the requests. The log has one line when it is lost, and
 * one when it answers again. Names of counts, which have people's addresses and identities in them, are stored as keyed hashes.
 */
export class SharedCounts {
  private readonly redis: Redis;
  private readonly key: KeyObject;
  private isReached = true;
  private lostBy: string | null = null;
  /** Why there is no connection. */
  private trouble: unknown = null;
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    { url, secret }: SharedCountSettings,
    private readonly log: Logger,
  ) {
    this.key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, 32)));
    this.redis = new Redis({ ...addressIn(url), ...OPTIONS });
    this.redis.on('error', (error) => (this.trouble = error));
    this.redis.on('ready', () => (this.trouble = null));
  }

  /** Tries for at most two seconds to reach it, and warns if that failed. */
  static async open(settings: SharedCountSettings, log: Logger): Promise<SharedCounts> {
    const counts = new SharedCounts(settings, log);
    await within(START_PATIENCE, counts.redis.connect()).catch(() => undefined);
    await counts.probe().catch((error: unknown) => counts.lose(error));
    return counts;
  }

  /** Counts one request more under that name; null if Redis is away. `window` is in milliseconds. Throws nothing. */
  async add(name: string, window: number): Promise<Count | null> {
    if (!this.isReached) return null;
    try {
      return await this.ask(name, window);
    } catch (error) {
      this.lose(error);
      return null;
    }
  }

  /** Why Redis does not count, as the log says it; null while it does. */
  get problem(): string | null {
    return this.isReached ? null : this.lostBy;
  }

  close(): void {
    clearInterval(this.timer);
    this.redis.disconnect();
  }

  private async ask(name: string, window: number): Promise<Count> {
    const hash = createHmac('sha256', this.key).update(name).digest('base64url').slice(0, 22);
    const [current, ttl] = await within(PATIENCE, this.redis.countRequest(`keyway:limit:${hash}`, window));
    return { current, ttl };
  }

  /** By the act itself: a server that only reads, or has no memory left, answers a ping as well. */
  private async probe(): Promise<void> {
    await this.ask('probe', EVERY);
  }

  private lose(error: unknown): void {
    // A connection that has fallen silent may never be heard of again.
    if (error instanceof Late) this.redis.disconnect(true);
    if (!this.isReached) return;
    this.isReached = false;
    this.lostBy = this.reasonOf(error);
    this.log.warn(
      { reason: this.lostBy },
      'Redis does not count: until it does, the rate limits of each replica are its own',
    );
    this.timer = setInterval(() => void this.tryAgain(), EVERY).unref();
  }

  private async tryAgain(): Promise<void> {
    try {
      await this.probe();
    } catch (error) {
      return this.lose(error);
    }
    if (this.isReached) return;
    this.isReached = true;
    clearInterval(this.timer);
    this.log.info('Redis counts again: replicas share their rate limits');
  }

  /** A code alone: messages may quote what was sent. */
  private reasonOf(error: unknown): string {
    if (error instanceof Late) return 'timeout';
    const cause = error instanceof ReplyError ? error : (this.trouble ?? error);
    if (cause instanceof ReplyError) return /^[A-Z]+/.exec((cause as Error).message)?.[0] ?? 'ERR';
    return (cause as NodeJS.ErrnoException).code ?? 'connection_lost';
  }
}

const OPTIONS = {
  lazyConnect: true,
  // What cannot be sent at once is counted here instead, and never sent later.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  enableReadyCheck: false,
  disableClientInfo: true,
  connectTimeout: 1_000,
  disconnectTimeout: 200,
  retryStrategy: (times: number) => Math.min(times * 100, EVERY),
  scripts: { countRequest: { lua: COUNT, numberOfKeys: 1 } },
} as const;

/** By hand, as the client would take options of its own from the address. */
function addressIn(text: string) {
  const url = new URL(text);
  return {
    host: hostOf(url),
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1)),
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' && { tls: {} }),
  };
}

class Late extends Error {}

/** Throws `Late` if there is no answer in time, nor after what has arrived while this process was busy was read. */
async function within<T>(limit: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => setImmediate(reject, new Late()), limit);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
