import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { isPrivateAddress } from '../config/addresses.js';
import type { HttpSettings } from '../config/configuration.js';

const FORWARDED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'];

/** Warns once if requests come through a proxy nearby, and the settings name none. */
export function hintAtProxy(
  fastify: FastifyInstance,
  { trustProxy }: Pick<HttpSettings, 'trustProxy'>,
  log: Logger,
): void {
  if (trustProxy !== false) return;
  let isDone = false;
  fastify.addHook('onRequest', ({ headers, trace }, _reply, done) => {
    if (!isDone && FORWARDED.some((name) => name in headers) && isPrivateAddress(trace.address)) {
      isDone = true;
      log.warn(
        'Requests come through a proxy, and TRUST_PROXY is not set: all of its users share the rate limits of one address. ' +
          'Set TRUST_PROXY to the number of proxies or to their networks',
      );
    }
    done();
  });
}
