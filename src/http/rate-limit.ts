import rateLimit from '@fastify/rate-limit';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { LimitSettings } from '../config/configuration.js';
import { AppError } from '../errors/app-error.js';
import { Refusal } from '../errors/refusal.js';
import { networkOf } from './client-address.js';
import { CountStore } from './count-store.js';
import type { SharedCounts } from './shared-counts.js';

/** Of one network, this many times the limit of finishes are read to find out whether they are made up. */
const ARRIVALS = 10;

declare module 'fastify' {
  interface FastifyContextConfig {
    isRateLimited?: true | 'finish';
  }
  interface FastifyInstance {
    counts: RequestCounts;
  }
}

/** Counts a request, or with `{ increment: false }` only tells how many were counted, as far as this replica knows. */
export type RequestCount = ReturnType<FastifyInstance['createRateLimit']>;
type Usage = Awaited<ReturnType<RequestCount>>;

/** What is counted, each with a limit of its own. */
export interface RequestCounts {
  /** Of a network, without credentials. */
  readonly public: RequestCount;
  /** Of a network: finishes with a handshake that is this service's. */
  readonly finish: RequestCount;
  /** Of a network, by this replica alone: finishes of any kind, before their body is read. */
  readonly arrival: RequestCount;
  /** Of a network: those refused because the route, the token or the key is unknown. */
  readonly unknown: RequestCount;
  /** Of a network: those with a wrong API key. */
  readonly wrongKey: RequestCount;
  /** Of a network: those of pages of others. */
  readonly foreignOrigin: RequestCount;
  /** Of a user whose token is right. */
  readonly user: RequestCount;
  /** Of an API key that is right. */
  readonly key: RequestCount;
  /** Counts a request, tells the caller what is left, and throws `too_many_requests` past the limit. */
  readonly enforce: Readonly<Record<'public' | 'finish', ReturnType<FastifyInstance['rateLimit']>>>;
}

/** Limits how often one network may call the route; for every route without credentials. A route has one `more`. */
export const RateLimited = (more: FastifyContextConfig = {}): MethodDecorator =>
  RouteConfig({ isRateLimited: true, ...more });

/** For `@RateLimited()`: a finish, which counts apart if its handshake is this service's, as {@link limitFinish} is told. */
export const FINISH = { isRateLimited: 'finish' } as const;

/**
 * Gives `fastify` its counts, which replicas share if `shared` is given. Refuses requests to `@RateLimited()` routes past the
 * limit with `too_many_requests`. A request counts as one when it arrives, a finish when its handshake is known; what it costs
 * beyond that is added before its answer leaves.
 */
export async function installRateLimit(
  fastify: FastifyInstance,
  limits: LimitSettings,
  shared: SharedCounts | null,
): Promise<void> {
  await fastify.register(rateLimit, {
    global: false,
    timeWindow: limits.window * 1000,
    store: class extends CountStore {
      constructor() {
        super(shared, ['arrival']);
      }
    },
    errorResponseBuilder: (_request, { ttl }) => tooManyRequests(ttl),
  });
  const counts = countsOf(fastify, limits);
  fastify.decorate('counts', counts);
  fastify.addHook('onRoute', (route) => {
    const kind = route.config?.isRateLimited;
    if (kind) route.onRequest = kind === 'finish' ? limitArrival : counts.enforce.public;
  });
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    const { cost, isUnjudged } = request.trace;
    if (cost === 1 && !isUnjudged) return done(null, payload);
    const more = Array.from({ length: cost - 1 }, () => counts.finish(request));
    Promise.all(isUnjudged ? [...more, counts.public(request)] : more).then(() => done(null, payload), done);
  });
}

function countsOf(fastify: FastifyInstance, limits: LimitSettings): RequestCounts {
  type CallerOf = (request: FastifyRequest) => string;
  const options = (kind: string, max: number, callerOf: CallerOf = networkOf) => ({
    max,
    keyGenerator: (request: FastifyRequest) => `${kind} ${callerOf(request)}`,
  });
  const count = (...of: Parameters<typeof options>) => fastify.createRateLimit(options(...of));
  return {
    public: count('public', limits.public),
    finish: count('finish', limits.finish),
    arrival: count('arrival', limits.finish * ARRIVALS),
    unknown: count('unknown', limits.unknown),
    wrongKey: count('wrongKey', limits.public),
    foreignOrigin: count('foreignOrigin', limits.public),
    user: count('user', limits.user, ({ trace }) => trace.user ?? ''),
    key: count('key', limits.key, ({ trace }) => trace.actor ?? ''),
    enforce: {
      public: fastify.rateLimit(options('public', limits.public)),
      finish: fastify.rateLimit(options('finish', limits.finish)),
    },
  };
}

/** Bounds the bodies that are read to judge what they hold. */
async function limitArrival(request: FastifyRequest): Promise<void> {
  await assertWithin(request.server.counts.arrival, request);
  request.trace.isUnjudged = true;
}

/**
 * Counts a finish as what it is, and tells the caller what is left: so strangers behind the same address who start ceremonies,
 * or make handshakes up, use up nothing of what others there finish with. Throws `too_many_requests`.
 */
export async function limitFinish(reply: FastifyReply, isAuthentic: boolean): Promise<void> {
  const { request, server } = reply;
  request.trace.isUnjudged = false;
  await server.counts.enforce[isAuthentic ? 'finish' : 'public'].call(server, request, reply);
}

/** Refuses requests for unknown routes past the limit of what is unknown, before anything else is done for them. */
export function installUnknownRouteLimit(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (!request.is404) return done();
    assertWithin(fastify.counts.unknown, request).then(() => done(), done);
  });
}

/**
 * Counts a request whose token or key is refused. Answers with what to throw: the refusal, or past the limit
 * `too_many_requests`. What is not a refusal is not counted.
 */
export async function refusalOfUnknown(error: unknown, request: FastifyRequest): Promise<unknown> {
  if (!(error instanceof Refusal)) return error;
  const usage = await request.server.counts.unknown(request);
  return isBeyond(usage) ? tooManyRequests(usage.ttl) : error;
}

/** Counts the request; throws `too_many_requests` past the limit. */
export async function assertWithin(count: RequestCount, request: FastifyRequest): Promise<void> {
  const usage = await count(request);
  if (isBeyond(usage)) throw tooManyRequests(usage.ttl);
}

/** Whether a request that was counted is one too many. */
export const isBeyond = (usage: Usage): usage is Extract<Usage, { isAllowed: false }> =>
  !usage.isAllowed && usage.isExceeded;

/** The milliseconds until the count starts again at 0, if it has reached the limit; else 0. */
export const waitOf = (usage: Usage): number => (!usage.isAllowed && usage.remaining === 0 ? usage.ttl : 0);

/** `too_many_requests`; `wait` is the milliseconds until the next request is worth trying. */
export const tooManyRequests = (wait: number): AppError =>
  new AppError('too_many_requests', { retryAfter: Math.max(1, Math.ceil(wait / 1000)) });
