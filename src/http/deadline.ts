import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Unavailable } from '../errors/unavailable.js';
import { renderError } from './error.filter.js';

const DEADLINE = 20_000; // ms; proxies commonly give up after 30 s
const RETRY_AFTER = 2; // seconds

/**
 * Answers a request with `request_deadline_exceeded` once it has been served for `limit` milliseconds, and aborts its signal,
 * by which the database ends what it does for it. The time in which a body arrives does not count, as its client takes it.
 */
export function installDeadline(fastify: FastifyInstance, limit = DEADLINE): void {
  const start = (request: FastifyRequest, reply: FastifyReply): void => {
    const { clock } = request.trace;
    clock.startedAt = performance.now();
    clock.timer = setTimeout(() => exceed(request, reply), limit - clock.spent);
  };
  const stop = ({ trace: { clock } }: FastifyRequest): void => {
    clearTimeout(clock.timer);
    clock.spent += performance.now() - clock.startedAt;
  };
  fastify.addHook('onRequest', (request, reply, done) => {
    const { clock } = request.trace;
    // For the time in which a body is waited for.
    clock.start = () => start(request, reply);
    clock.stop = () => stop(request);
    start(request, reply);
    done();
  });
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    stop(request);
    done(null, payload);
  });
}

function exceed(request: FastifyRequest, reply: FastifyReply): void {
  const outage = new Unavailable('request_deadline_exceeded', { cause: null, retryAfter: RETRY_AFTER });
  request.trace.giveUp(outage);
  renderError(outage, request, reply);
}
