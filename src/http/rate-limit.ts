import { isIPv6 } from 'node:net';
import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { LRUCache } from 'lru-cache';
import { AppError } from './app-error.js';
import { clientAddress } from './client-address.js';

const WINDOW = 60_000; // ms
const MAX_REQUESTS = 300;
const MAX_ADDRESSES = 20_000;

/** Limits how often one address may call the route; for every route that asks for no credentials. */
export const RateLimited = (): MethodDecorator =>
  RouteConfig({ rateLimit: { max: MAX_REQUESTS, timeWindow: WINDOW } });

/** Counts in this process's memory, which holds the addresses seen last; `too_many_requests` past the limit. */
export async function installRateLimit(fastify: FastifyInstance): Promise<void> {
  await fastify.register(rateLimit, {
    global: false,
    store: SharedCounts,
    keyGenerator: (request) => networkOf(clientAddress(request)),
    errorResponseBuilder: (_request, { ttl }) =>
      new AppError('too_many_requests', { retryAfter: Math.max(1, Math.ceil(ttl / 1000)) }),
  });
}

/** One count for all public routes; the plugin's own store counts for each route apart. */
class SharedCounts implements FastifyRateLimitStore {
  private readonly windows = new LRUCache<string, { current: number; until: number }>({ max: MAX_ADDRESSES });

  incr(
    key: string,
    callback: (error: Error | null, result?: { current: number; ttl: number }) => void,
    timeWindow: number,
  ): void {
    const now = Date.now();
    const known = this.windows.get(key);
    const window = known && known.until > now ? known : { current: 0, until: now + timeWindow };
    window.current += 1;
    this.windows.set(key, window);
    callback(null, { current: window.current, ttl: window.until - now });
  }

  child(): this {
    return this;
  }
}

/** An IPv6 subscriber has a /64 of addresses to choose from, and counts as one. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const front = head.split(':');
  const back = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  return [...front, ...Array<string>(zeros).fill('0'), ...back].slice(0, 4).join(':');
}
