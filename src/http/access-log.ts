import type { FastifyInstance } from 'fastify';

/** Writes one line for each request, with the route's template: parts of the URL itself may be secrets. */
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
