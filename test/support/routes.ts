import type { TestApp } from './build-app.js';

/** A route's template with the methods that it answers to. */
export interface KnownRoute {
  readonly url: string;
  readonly methods: readonly string[];
}

/** Every route that the application has, as its router tells; the one that answers preflights aside. */
export function routesOf({ application }: TestApp): KnownRoute[] {
  const fastify = application.getHttpAdapter().getInstance();
  const ancestors: string[] = [];
  const routes: KnownRoute[] = [];
  for (const line of fastify.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent, segment, methods] = /^([│ ]*)[├└]── (\S+)(?: \((.+)\))?$/.exec(line) ?? [];
    if (indent === undefined || segment === undefined) continue;
    const depth = indent.length / 4;
    ancestors.splice(depth, Infinity, segment);
    const url = ancestors.join('');
    if (methods && url !== '*') routes.push({ url, methods: methods.split(', ') });
  }
  return routes;
}
