import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { clientAddress } from './client-address.js';

const ACCEPTABLE_REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/;
/** Characters; browsers send less than that, and callers choose it. */
const MAX_USER_AGENT = 256;

/** What the log and the audit trail record of a request, and what it counts against its rate limit. */
export class RequestContext {
  readonly requestId: string;
  /** Who acts, once a guard knows: `user:<subject>` or `key:<id>`; null for a public route. */
  actor: string | null = null;
  /** The app of the request, once it is known to exist: another text in its place may be a secret. */
  appId: string | null = null;
  /** What the API key of the request was granted by name; nothing without a key. */
  scopes: readonly string[] = [];
  /** The user who is served, once that is known: they have a few connections of the database at a time. */
  user: string | null = null;
  /** Why the request failed, once it has: the code of the answer, and the reason, which only the log has. */
  failure: { readonly code: string; readonly reason?: string } | null = null;
  /** How many finishes it counts as, against the rate limit of its network, once it is answered. */
  cost = 1;
  /** Whether it is a finish of which it is not known yet whether the handshake is ours. */
  isUnjudged = false;
  /** How long it has been served, for its deadline; ms. */
  readonly clock: {
    startedAt: number;
    spent: number;
    timer?: NodeJS.Timeout;
    start: () => void;
    stop: () => void;
  } = { startedAt: 0, spent: 0, start: () => undefined, stop: () => undefined };
  private readonly abortion = new AbortController();
  /** Whether the connection was closed before the whole answer was sent. */
  isAborted = false;
  /** Whether the access log has its line. */
  isLogged = false;
  private foundAddress: string | undefined;

  constructor(private readonly request: FastifyRequest) {
    this.requestId = request.id;
    // Kept by the socket from here on: once it is closed, it could not be asked any more.
    void request.socket.remoteAddress;
  }

  /** The caller's address, `X-Forwarded-For` heeded as far as `TRUST_PROXY` says; looked up only for those who ask. */
  get address(): string {
    return (this.foundAddress ??= clientAddress(this.request));
  }

  /** Aborted once the request is given up, with the outage that it is answered with. */
  get signal(): AbortSignal {
    return this.abortion.signal;
  }

  /** From now on nothing more is done for it, as far as its signal is heeded. */
  giveUp(why: Error): void {
    this.abortion.abort(why);
  }

  /** As sent, but without the control characters that a terminal or the database could trip over. */
  get userAgent(): string | null {
    const sent = this.request.headers['user-agent'];
    return sent?.replace(/\p{Cc}/gu, '').slice(0, MAX_USER_AGENT) || null;
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    trace: RequestContext;
  }
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The request this code runs for; undefined outside of any, as in a command. */
export const currentRequest = (): RequestContext | undefined => storage.getStore();

/** Says which user the request at hand serves, by the words that name them: the app and an id, or an identity. */
export function servesUser(...words: readonly string[]): void {
  const request = currentRequest();
  if (request) request.user = words.join('\0');
}

/** A well-formed `X-Request-Id` of the caller is kept, so that a trace crosses services; any other is replaced. */
export function requestIdFrom(request: { headers: Record<string, unknown> }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && ACCEPTABLE_REQUEST_ID.test(given) ? given : randomUUID();
}

/** Runs what serves a request, such as with a context of another layer's. */
export type ServeWith = (request: RequestContext, serve: () => void) => void;

/** Makes `currentRequest()` answer in everything that runs on behalf of a request, which `serveWith` runs. */
export function installRequestContext(
  fastify: FastifyInstance,
  serveWith: ServeWith = (_request, serve) => serve(),
): void {
  fastify.decorateRequest('trace', null as unknown as RequestContext);
  fastify.addHook('onRequest', (request, reply, done) => {
    request.trace = new RequestContext(request);
    void reply.header('x-request-id', request.id);
    storage.run(request.trace, () => serveWith(request.trace, done));
  });
}
