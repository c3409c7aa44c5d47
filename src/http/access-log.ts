import type { FastifyInstance } from 'fastify';

/** Writes one line a request; the route's template stands for the URL, whose parts may be secrets. */
export function installAccessLog(fastify: FastifyInstance): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const { trace } = request;
    request.log.info({
      method: request.method,
      route: request.routeOptions.url ?? 'unmatched',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      ...(trace.appId && { app: trace.appId }),
      ...(trace.actor && { actor: trace.actor }),
      ...(trace.failure ?? {}),
    });
    done();
  });
}
