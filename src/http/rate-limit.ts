import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { networkOf } from './client-address.js';
import { MAX_REQUESTS, type RequestCounts } from './request-counts.js';

/** Limits how often one network may call the route; for every route without credentials. */
export const RateLimited = (): MethodDecorator => RouteConfig({ rateLimit: { max: MAX_REQUESTS } });

/**
 * One count for all public routes, as the plugin's own store counts for each apart; `too_many_requests` past it. The
 * plugin counts each request as one when it arrives; what it costs beyond that is added before its answer leaves.
 */
export async function installRateLimit(fastify: FastifyInstance, counts: RequestCounts): Promise<void> {
  await fastify.register(rateLimit, {
    global: false,
    store: storeOver(counts),
    keyGenerator: networkOf,
    errorResponseBuilder: (_request, { ttl }) => tooManyRequests(ttl),
  });
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    if (request.trace.cost > 1) counts.add(networkOf(request), request.trace.cost - 1);
    done(null, payload);
  });
}

/** `too_many_requests`; `wait` is the milliseconds until the next request is worth trying. */
export const tooManyRequests = (wait: number): AppError =>
  new AppError('too_many_requests', { retryAfter: Math.max(1, Math.ceil(wait / 1000)) });

/** A class, as the plugin makes its store itself. */
const storeOver = (counts: RequestCounts) =>
  class implements FastifyRateLimitStore {
    incr(
      network: string,
      callback: (error: Error | null, result?: { current: number; ttl: number }) => void,
    ): void {
      callback(null, counts.add(network));
    }

    child(): this {
      return this;
    }
  };
