import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { isRepeated } from './repeated-header.js';

const CHUNKED = /^\s*chunked\s*$/i;

/**
 * Refuses with 400 what Node's parser accepts and RFC 9112 does not: no `Host`, several of them (§3.2), and a transfer coding
 * other than `chunked` (§6.1), which nothing here would decode. A proxy in front may understand such a request otherwise,
 * so that nothing that follows on the connection is read.
 */
export function installFramingCheck(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const detail = problemOf(request);
    if (detail === undefined) return done();
    void reply.header('connection', 'close');
    done(new AppError('invalid_request', { detail }));
  });
}

function problemOf({ headers, raw }: FastifyRequest): string | undefined {
  if (headers.host === undefined)
    return raw.httpVersion === '1.0' ? undefined : 'The Host header is missing.';
  if (isRepeated(raw, 'host')) return 'There is more than one Host header.';
  const coding = headers['transfer-encoding'];
  const isKnown = coding === undefined || CHUNKED.test(coding);
  return isKnown ? undefined : 'The transfer coding must be chunked.';
}
