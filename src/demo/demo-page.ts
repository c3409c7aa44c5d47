import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { renderError } from '../http/error.filter.js';

const PAGE_DIRECTORY = fileURLToPath(new URL('../../dist/web', import.meta.url));
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/**
 * Serves the demo page on `/`, to `localhost` alone: passkeys are bound to that name, so other loopback addresses are
 * sent there, and any other host name, which could be an attacker's page that resolves to this machine, is refused.
 */
export async function installDemoPage(fastify: FastifyInstance, publicUrl: string): Promise<void> {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!LOOPBACK.has(hostOf(request))) renderError(new AppError('misdirected_request'), request, reply);
    else if (isPageRequest(request) && hostOf(request) !== 'localhost')
      void reply.redirect(publicUrl + request.url, 302);
    else done();
  });
  // To the page in the folder of this name.
  fastify.get('/get-started', (_request, reply) => reply.redirect('/get-started/', 302));
  await fastify.register(fastifyStatic, {
    root: PAGE_DIRECTORY,
    wildcard: false,
    cacheControl: false,
    setHeaders: (reply) => {
      void reply.header('content-security-policy', PAGE_POLICY);
      void reply.header('cache-control', 'no-cache');
      void reply.header('cross-origin-resource-policy', 'same-origin');
    },
  });
}

const hostOf = ({ headers }: FastifyRequest): string =>
  (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();

const isPageRequest = ({ method, headers }: FastifyRequest): boolean =>
  method === 'GET' && (headers.accept ?? '').includes('text/html');
