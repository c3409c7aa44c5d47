import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { HttpSettings } from '../config/configuration.js';
import { Unavailable } from '../errors/unavailable.js';
import { installAccessLog } from '../http/access-log.js';
import { renderError } from '../http/error.filter.js';
import { installRequestContext } from '../http/request-context.js';
import { installSecurityHeaders } from '../http/security-headers.js';
import { serverOptions } from '../http/server-options.js';

const MAX_CONNECTIONS = 200;
const RETRY_AFTER = 2; // seconds

/**
 * Answers in place of the service while it waits for its database: alive, not ready, and 503 to everything else. It closes
 * each connection after its answer, so that clients find the service when it is there.
 */
export class StandIn {
  private fastify: FastifyInstance | undefined;

  constructor(private readonly log: Logger) {}

  /** Throws if the address is taken, or not this machine's. */
  async listen({ host, port, publicUrl }: HttpSettings): Promise<void> {
    const fastify = Fastify(serverOptions(this.log));
    fastify.server.maxConnections = MAX_CONNECTIONS;
    installRequestContext(fastify);
    installAccessLog(fastify);
    await installSecurityHeaders(fastify, { https: publicUrl.startsWith('https:') });
    fastify.addHook('onRequest', (request, reply, done) => {
      void reply.header('connection', 'close');
      if (!request.is404) return done();
      renderError(starting(), request, reply);
    });
    fastify.get('/health/live', () => ({ status: 'ok' }));
    fastify.get('/health/ready', ({ trace }, reply) => {
      trace.failure = { code: 'not_ready', reason: 'database' };
      return reply.status(503).send({ status: 'unavailable', reason: 'database' });
    });
    this.fastify = fastify;
    await fastify.listen({ host, port });
  }

  /** Leaves the address to the service. */
  async close(): Promise<void> {
    await this.fastify?.close();
  }
}

const starting = (): Unavailable =>
  new Unavailable('database_unavailable', { cause: null, reason: 'starting', retryAfter: RETRY_AFTER });
