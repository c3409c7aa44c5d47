import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Paths of the user's API. */
export const USERS_API = /^\/(?:user|passkey)\//;

/** Knows the web origins that may read the answers of a path. */
export abstract class AllowedOrigins {
  /** What `of` would answer, if that is known without waiting for anybody; else undefined. */
  abstract recent(path: string): readonly string[] | undefined;

  /** What was known last, however long ago; none for an app that was never seen. */
  abstract last(path: string): readonly string[];

  /** No origins for a path that is not for browsers, or of an app that does not exist. */
  abstract of(path: string): Promise<readonly string[]>;
}

/**
 * Answers preflights and marks answers, errors included, for the origins allowed; never with credentials. What has to be
 * looked up counts as a request of its own, as it comes before any limit or key; past the limit it is as it was known
 * last. Not so the user's API: it is one app's, whose origins are looked up for all of its callers.
 */
export async function installCors(fastify: FastifyInstance, allowed: AllowedOrigins): Promise<void> {
  const count = fastify.createRateLimit();
  const lookUp = async (path: string, request: FastifyRequest): Promise<readonly string[]> => {
    const usage = USERS_API.test(path) ? null : await count(request);
    return usage && !usage.isAllowed && usage.isExceeded ? allowed.last(path) : allowed.of(path);
  };
  await fastify.register(cors, {
    delegator: (
      request: FastifyRequest,
      done: (error: Error | null, options?: FastifyCorsOptions) => void,
    ) => {
      const { headers, url } = request;
      if (headers.origin === undefined) return done(null, NO_ORIGINS);
      const path = url.split('?', 1)[0]!;
      const recent = allowed.recent(path);
      // A promise would delay the requests that need not wait.
      if (recent) return done(null, optionsFor(recent));
      lookUp(path, request).then((origins) => done(null, optionsFor(origins)), done);
    },
  });
}

/** What clients send, and what a page's tracing agent adds to every request (W3C Trace Context and Baggage). */
const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'passage-flex-version',
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
];

const optionsFor = (origins: readonly string[]): FastifyCorsOptions => ({
  origin: origins.length > 0 && [...origins],
  methods: ['GET', 'POST', 'PATCH', 'DELETE'],
  allowedHeaders: ALLOWED_HEADERS,
  exposedHeaders: ['retry-after', 'x-request-id', 'www-authenticate'],
  credentials: false,
  maxAge: 600,
  strictPreflight: false,
});

const NO_ORIGINS = optionsFor([]);
