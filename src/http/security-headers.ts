import type { FastifyInstance } from 'fastify';

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

const ONE_YEAR = 31_536_000; // seconds

/** Sets the headers every answer carries; a route that serves a page or a picture sets its own over them. */
export function installSecurityHeaders(
  fastify: FastifyInstance,
  { https }: { readonly https: boolean },
): void {
  const headers = https ? { ...HEADERS, 'strict-transport-security': `max-age=${ONE_YEAR}` } : HEADERS;
  fastify.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(headers);
    done();
  });
}
