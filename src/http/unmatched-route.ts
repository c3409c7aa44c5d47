import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';

/**
 * Records every route as it is added, to tell an unknown path (404) from a wrong method (405), which the router itself
 * does not.
 */
export class UnmatchedRoutes {
  private readonly routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];

  install(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      if (!url.includes('*')) this.routes.push({ pattern: patternOf(url), methods: [method].flat() });
    });
  }

  /** `method_not_allowed`, and sets `Allow`, if the path has other methods; else, or past a limit, what was thrown. */
  explain(thrown: unknown, request: FastifyRequest, reply: FastifyReply): unknown {
    if (thrown instanceof AppError && thrown.code === 'too_many_requests') return thrown;
    const path = request.url.split('?', 1)[0]!;
    const methods = this.routes.flatMap((it) => (it.pattern.test(path) ? it.methods : []));
    if (methods.length === 0) return thrown;
    void reply.header('allow', [...new Set(methods)].join(', '));
    return new AppError('method_not_allowed');
  }
}

const patternOf = (url: string): RegExp => {
  const source = url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+');
  return new RegExp(`^${source}$`);
};
