import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * Writes one line for each request, with the route's template: parts of the URL itself may be secrets. One whose client
 * hung up is carried out nevertheless; its line waits for the answer that it would have got, and has `aborted`.
 */
export function installAccessLog(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    noticeAbort(request, reply);
    done();
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    // Its connection was closed before: `onResponse` will not be called.
    if (request.trace.isAborted) writeLine(request, reply);
    done(null, payload);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    writeLine(request, reply);
    done();
  });
}

/** Sees to the line of a request that Fastify answers before its hooks, as one with a malformed URL; it needs a `trace`. */
export function logOutsideHooks(request: FastifyRequest, reply: FastifyReply): void {
  reply.raw.once('finish', () => writeLine(request, reply));
  noticeAbort(request, reply);
}

function noticeAbort(request: FastifyRequest, reply: FastifyReply): void {
  const { trace } = request;
  // Of a response that was sent in full, this comes after `finish`.
  reply.raw.once('close', () => {
    if (trace.isLogged) return;
    trace.isAborted = true;
    if (reply.sent) writeLine(request, reply);
  });
}

function writeLine(request: FastifyRequest, reply: FastifyReply): void {
  const { trace } = request;
  if (trace.isLogged) return;
  trace.isLogged = true;
  request.log.info({
    method: request.method,
    route: request.routeOptions.url ?? 'unmatched',
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    ...(trace.isAborted && { aborted: true }),
    ...(trace.appId && { app: trace.appId }),
    ...(trace.actor && { actor: trace.actor }),
    ...(trace.failure ?? {}),
  });
}
