import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';
import type { OriginsOf } from './cors.js';
import { isBeyond, tooManyRequests } from './rate-limit.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    takesSimpleRequests?: boolean;
  }
}

/**
 * For `@RateLimited()`: the route also reads what a page can send without asking first by a CORS preflight, which is JSON
 * as `text/plain` or no body (the browser SDK 0.1.3 sends nothing else). Only for routes that need neither cookie nor key.
 */
export const SIMPLE_REQUESTS = { takesSimpleRequests: true } as const;

const NOT_OF_THE_APP = 'The origin is not one of the app.';

/** Whether the route of a request has {@link SIMPLE_REQUESTS}. */
export const takesSimpleRequests = ({ routeOptions }: Pick<FastifyRequest, 'routeOptions'>): boolean =>
  routeOptions.config.takesSimpleRequests === true;

/**
 * Refuses simple requests of pages on origins that are not the app's (`null` included) with `access_denied`, as no
 * preflight does: in a count of its own, so that a foreign page that its visitors' browsers run does not use up the
 * limit of their network. A request without `Origin` is that of a native client.
 */
export function installOriginCheck(fastify: FastifyInstance, originsOf: OriginsOf): void {
  const refusalOf = async (request: FastifyRequest, isApp: boolean): Promise<AppError> => {
    const usage = await fastify.counts.foreignOrigin(request);
    if (isBeyond(usage)) return tooManyRequests(usage.ttl);
    return isApp ? new AppError('access_denied', { detail: NOT_OF_THE_APP }) : new AppError('app_not_found');
  };
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined || !takesSimpleRequests(request)) return done();
    const judge = (origins: readonly string[]): void => {
      if (origins.includes(origin)) return done();
      // Every app has origins: without any, there is no such app.
      refusalOf(request, origins.length > 0).then(done, done);
    };
    const origins = originsOf(pathOf(request), request);
    if (origins instanceof Promise) origins.then(judge, done);
    else judge(origins);
  });
}

/** As the router has understood it: a page may percent-encode what it sends. */
function pathOf({ routeOptions: { url = '' }, params }: FastifyRequest): string {
  const { app = '' } = params as { app?: string };
  return url.replace(':app', () => app);
}
