import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import type { Configuration } from './config/configuration.js';
import { onBehalfOf } from './database/beneficiary.js';
import { databaseOutage } from './database/database-outage.js';
import { Readiness } from './health/readiness.js';
import { installAccessLog } from './http/access-log.js';
import { trustedProxies } from './http/client-address.js';
import { installConnectionBounds, mostConnections } from './http/connection-bounds.js';
import { AllowedOrigins, countedOrigins, installCors } from './http/cors.js';
import { installDeadline } from './http/deadline.js';
import { ErrorFilter } from './http/error.filter.js';
import { installFramingCheck } from './http/framing.js';
import { installJsonBody } from './http/json-body.js';
import { NestLog } from './http/log.js';
import { hintAtProxy } from './http/proxy-hint.js';
import { installRateLimit, installUnknownRouteLimit } from './http/rate-limit.js';
import { installRequestContext } from './http/request-context.js';
import { installSecurityHeaders } from './http/security-headers.js';
import { serverOptions } from './http/server-options.js';
import { SharedCounts } from './http/shared-counts.js';
import { installOriginCheck } from './http/simple-request.js';
import { closeUnusedConnections } from './http/unused-connections.js';
import { UnmatchedRoutes } from './http/unmatched-route.js';
import { UnparsedRequests } from './http/unparsed-request.js';

const MAX_PATH_PARAMETER = 2_048; // characters; longer ones would bypass the error filter

/** The whole service, ready to listen. Throws a sentence if it cannot start. */
export async function createApplication(
  configuration: Configuration,
  log: Logger,
): Promise<NestFastifyApplication> {
  const unparsed = new UnparsedRequests(log);
  const adapter = createAdapter(configuration, log, unparsed);
  const application = await NestFactory.create<NestFastifyApplication>(
    await AppModule.for(configuration),
    adapter,
    { bodyParser: false, abortOnError: false, logger: new NestLog(log) },
  );
  const fastify = adapter.getInstance<FastifyInstance>();
  const unmatched = new UnmatchedRoutes();
  const shared = await sharedCounts(fastify, configuration, log);
  // Each limited route's last hook before its body is read; CORS counts look-ups there.
  await installRateLimit(fastify, configuration.limits, shared);
  const originsOf = countedOrigins(fastify, application.get(AllowedOrigins));

  const { database } = configuration;
  const maxConnections = mostConnections(database.kind === 'postgresql' ? database.poolMax : 0);
  installConnectionBounds(fastify, { maxConnections, log }); // Before all that listens to the server's requests.

  // A request passes the hooks in this order.
  installRequestContext(fastify, onBehalfOf); // All others, the log and every error name the request.
  installDeadline(fastify); // Of all that follows.
  installAccessLog(fastify); // Has a line also for what the next ones refuse.
  await installSecurityHeaders(fastify, { https: configuration.http.publicUrl.startsWith('https:') }); // Of refusals too.
  if (!configuration.demo) hintAtProxy(fastify, configuration.http, log); // Once the address is known.
  announceDraining(fastify, application.get(Readiness)); // Refusals say it as well.
  closeUnusedConnections(fastify); // Below HTTP: the order does not matter.
  unparsed.install(fastify); // Below the hooks, too.
  installFramingCheck(fastify); // Before anything is looked up for the request.
  await installCors(fastify, originsOf); // Pages can read the refusals of all that follows.
  installOriginCheck(fastify, originsOf); // Before the rate limit, which foreign pages are not to use up.
  installUnknownRouteLimit(fastify); // Pages can read this refusal, too.
  installJsonBody(fastify); // The last before guards and controllers.
  unmatched.install(fastify); // Hears of each route that is added from here on.
  if (configuration.demo) {
    const { installDemoPage } = await import('./demo/demo-page.js');
    await installDemoPage(fastify, configuration.http.publicUrl);
  }
  application.useGlobalFilters(new ErrorFilter(unmatched, databaseOutage));
  await application.init(); // Adds the routes: each gets the hooks that are there.
  await fastify.ready();
  return application;
}

function createAdapter({ http }: Configuration, log: Logger, unparsed: UnparsedRequests): FastifyAdapter {
  return new FastifyAdapter({
    ...serverOptions(log),
    trustProxy: trustedProxies(http.trustProxy),
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER },
    clientErrorHandler: (error, socket) => unparsed.answer(error, socket),
  });
}

/** Null where each replica counts for itself. Closed with `fastify`. */
async function sharedCounts(
  fastify: FastifyInstance,
  { limits: { redisUrl: url }, passage }: Configuration,
  log: Logger,
): Promise<SharedCounts | null> {
  if (url === null) return null;
  const secret = passage.mode === 'embedded' ? passage.secrets[0]! : Buffer.from(passage.apiKey);
  const counts = await SharedCounts.open({ url, secret }, log);
  fastify.addHook('onClose', (_fastify, done) => {
    counts.close();
    done();
  });
  return counts;
}

/** While the service drains, every answer asks its client to come back over another connection. */
function announceDraining(fastify: FastifyInstance, readiness: Readiness): void {
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (readiness.isDraining) void reply.header('connection', 'close');
    done();
  });
}
