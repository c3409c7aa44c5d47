import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isBeyond } from './rate-limit.js';

/** Paths of the user's API. */
export const USERS_API = /^\/(?:user$|(?:user|passkey)\/)/;

/** Knows the web origins that may read the answers of a path. */
export abstract class AllowedOrigins {
  /** What `of` would answer, if that is known without waiting for anybody; else undefined. */
  abstract recent(path: string): readonly string[] | undefined;

  /** What was known last, however long ago; none for an app that was never seen. */
  abstract last(path: string): readonly string[];

  /** No origins for a path that is not for browsers, or of an app that does not exist. */
  abstract of(path: string): Promise<readonly string[]>;
}

/** The origins allowed for a path; a promise where they have to be looked up. */
export type OriginsOf = (
  path: string,
  request: FastifyRequest,
) => readonly string[] | Promise<readonly string[]>;

/**
 * Looks origins up for hooks that run before any limit or key: a look-up counts as a request of its own, and past the
 * limit the origins are as they were known last. Not so for the user's API: it has one app, and one look-up serves
 * all of its callers.
 */
export function countedOrigins(fastify: FastifyInstance, allowed: AllowedOrigins): OriginsOf {
  const lookUp = async (path: string, request: FastifyRequest): Promise<readonly string[]> => {
    const usage = USERS_API.test(path) ? null : await fastify.counts.public(request);
    return usage && isBeyond(usage) ? allowed.last(path) : allowed.of(path);
  };
  return (path, request) => allowed.recent(path) ?? lookUp(path, request);
}

/** Answers preflights and marks answers, errors included, for the origins allowed; never with credentials. */
export async function installCors(fastify: FastifyInstance, originsOf: OriginsOf): Promise<void> {
  await fastify.register(cors, {
    delegator: (
      request: FastifyRequest,
      done: (error: Error | null, options?: FastifyCorsOptions) => void,
    ) => {
      const { headers, url } = request;
      if (headers.origin === undefined) return done(null, NO_ORIGINS);
      const origins = originsOf(url.split('?', 1)[0]!, request);
      // A promise would delay the requests that need not wait.
      if (!(origins instanceof Promise)) return done(null, optionsFor(origins));
      origins.then((found) => done(null, optionsFor(found)), done);
    },
  });
}

/** What clients send, and what a page's tracing agent adds to every request (W3C Trace Context and Baggage). */
const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'passage-flex-version',
  'x-keyway-nonce',
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
