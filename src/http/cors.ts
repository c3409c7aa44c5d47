import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Paths of the user's API. */
export const USERS_API = /^\/(?:user|passkey)\//;

/** Knows the web origins whose pages may read the answers of a path. */
export abstract class AllowedOrigins {
  /** No origins for a path that is not for browsers, or of an app that does not exist. */
  abstract of(path: string): Promise<readonly string[]>;
}

/** Answers preflights and marks answers, errors included, for the origins allowed; never with credentials. */
export async function installCors(fastify: FastifyInstance, allowed: AllowedOrigins): Promise<void> {
  await fastify.register(cors, {
    delegator: (
      request: FastifyRequest,
      done: (error: Error | null, options?: FastifyCorsOptions) => void,
    ) => {
      const { headers, url } = request;
      // Whoever is no browser is not made to wait for a promise.
      if (headers.origin === undefined) return done(null, NO_ORIGINS);
      allowed.of(url.split('?', 1)[0]!).then(
        (origins) => done(null, optionsFor(origins)),
        (error: Error) => done(error),
      );
    },
  });
}

const optionsFor = (origins: readonly string[]): FastifyCorsOptions => ({
  origin: origins.length > 0 && [...origins],
  methods: ['GET', 'POST', 'PATCH', 'DELETE'],
  allowedHeaders: ['authorization', 'content-type', 'passage-flex-version', 'x-request-id'],
  exposedHeaders: ['retry-after', 'x-request-id', 'www-authenticate'],
  credentials: false,
  maxAge: 600,
  strictPreflight: false,
});

const NO_ORIGINS = optionsFor([]);
