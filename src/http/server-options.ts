import { type FastifyBaseLogger, LogController } from 'fastify';
import type { Logger } from 'pino';
import { SERVER_OPTIONS, TIMEOUTS } from './connection-bounds.js';
import { renderUnrouted } from './error.filter.js';
import { requestIdFrom } from './request-context.js';
import { originForm } from './request-target.js';

/** What every Fastify here is made with: that of the service, and that of what stands in for it. */
export const serverOptions = (log: Logger) => ({
  // Fastify's own messages at warn: it would tell each address that it listens on, beside the one sentence of `main.ts`.
  loggerInstance: log.child({}, { level: 'warn' }) as FastifyBaseLogger,
  childLoggerFactory: (_own: unknown, ...bindings: Parameters<Logger['child']>) => log.child(...bindings),
  logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
  genReqId: requestIdFrom,
  rewriteUrl: originForm,
  return503OnClosing: false,
  http: SERVER_OPTIONS,
  ...TIMEOUTS,
  frameworkErrors: renderUnrouted,
});
