import rateLimit from '@fastify/rate-limit';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyContextConfig, FastifyInstance } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { networkOf } from './client-address.js';

const MAX_REQUESTS = 300; // that one network may send in a minute without credentials
const WINDOW = 60_000; // ms
const MAX_NETWORKS = 20_000; // in this process's memory, which holds those seen last

declare module 'fastify' {
  interface FastifyContextConfig {
    isRateLimited?: boolean;
  }
}

/** Counts a request against its network, or with `{ increment: false }` only tells how many were counted. */
export type RequestCount = ReturnType<FastifyInstance['createRateLimit']>;

/** Limits how often one network may call the route; for every route without credentials. A route has one `more`. */
export const RateLimited = (more: FastifyContextConfig = {}): MethodDecorator =>
  RouteConfig({ ...more, isRateLimited: true });

/**
 * Gives `fastify` one count of requests, by network, to which `fastify.createRateLimit()` adds. Refuses requests to
 * `@RateLimited()` routes past the limit with `too_many_requests`: one count for all of them, as the plugin counts for each
 * apart that names a limit itself. A request counts as one when it arrives; what it costs beyond that is added before its
 * answer leaves.
 */
export async function installRateLimit(fastify: FastifyInstance): Promise<void> {
  await fastify.register(rateLimit, {
    global: false,
    max: MAX_REQUESTS,
    timeWindow: WINDOW,
    cache: MAX_NETWORKS,
    keyGenerator: networkOf,
    errorResponseBuilder: (_request, { ttl }) => tooManyRequests(ttl),
  });
  const limit = fastify.rateLimit();
  const count = fastify.createRateLimit();
  fastify.addHook('onRoute', (route) => {
    if (route.config?.isRateLimited) route.onRequest = limit;
  });
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    const { cost } = request.trace;
    if (cost === 1) return done(null, payload);
    const more = Array.from({ length: cost - 1 }, () => count(request));
    Promise.all(more).then(() => done(null, payload), done);
  });
}

/** A count of its own, with the same limit, for requests of one kind. */
export function aCountOf(kind: string, fastify: FastifyInstance): RequestCount {
  const options = {
    // Not in the plugin's types, which takes it nevertheless, and 5000 without.
    cache: MAX_NETWORKS,
    // In a store that all counts share, only the key tells them apart.
    keyGenerator: (request: Parameters<RequestCount>[0]) => `${kind} ${networkOf(request)}`,
  };
  return fastify.createRateLimit(options);
}

/** The milliseconds until the count starts again at 0, if it has reached the limit; else 0. */
export const waitOf = (usage: Awaited<ReturnType<RequestCount>>): number =>
  !usage.isAllowed && usage.remaining === 0 ? usage.ttl : 0;

/** `too_many_requests`; `wait` is the milliseconds until the next request is worth trying. */
export const tooManyRequests = (wait: number): AppError =>
  new AppError('too_many_requests', { retryAfter: Math.max(1, Math.ceil(wait / 1000)) });
