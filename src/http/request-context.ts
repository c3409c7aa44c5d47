import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { clientAddress } from './client-address.js';

/** What the log and the audit trail record of a request, and what it counts against its rate limit. */
export interface RequestContext {
  readonly requestId: string;
  /** The caller's address, `X-Forwarded-For` heeded as far as `TRUST_PROXY` says. */
  readonly address: string;
  readonly userAgent: string | null;
  /** Who acts, once a guard knows: `user:<subject>` or `key:<id>`; null for a public route. */
  actor: string | null;
  /** The app of the request, once it is known to exist: another text in its place may be a secret. */
  appId: string | null;
  /** Why the request failed, once it has: the code of the answer, and the reason, which only the log has. */
  failure: { readonly code: string; readonly reason?: string } | null;
  /** How many requests it counts as, against the rate limit of its network, once it is answered. */
  cost: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    trace: RequestContext;
  }
}

const storage = new AsyncLocalStorage<RequestContext>();
const ACCEPTABLE_REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/;
const MAX_USER_AGENT = 512;

/** The request this code runs for; undefined outside of any, as in a command. */
export const currentRequest = (): RequestContext | undefined => storage.getStore();

/** A well-formed `X-Request-Id` of the caller is kept, so that a trace crosses services; any other is replaced. */
export function requestIdFrom(request: { headers: Record<string, unknown> }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && ACCEPTABLE_REQUEST_ID.test(given) ? given : randomUUID();
}

/** Makes `currentRequest()` answer in everything that runs on behalf of a request. */
export function installRequestContext(fastify: FastifyInstance): void {
  fastify.decorateRequest('trace', null as unknown as RequestContext);
  fastify.addHook('onRequest', (request, reply, done) => {
    request.trace = new Trace(request);
    void reply.header('x-request-id', request.id);
    storage.run(request.trace, done);
  });
}

/** Looks the caller up only for those who ask, as most requests are neither counted nor audited. */
class Trace implements RequestContext {
  readonly requestId: string;
  actor: string | null = null;
  appId: string | null = null;
  failure: RequestContext['failure'] = null;
  cost = 1;
  private foundAddress: string | undefined;

  constructor(private readonly request: FastifyRequest) {
    this.requestId = request.id;
    // Kept by the socket from here on: once it is closed, it could not be asked any more.
    void request.socket.remoteAddress;
  }

  get address(): string {
    return (this.foundAddress ??= clientAddress(this.request));
  }

  get userAgent(): string | null {
    return printable(this.request.headers['user-agent']);
  }
}

/** Header bytes arrive as latin-1: what a terminal or the database could trip over is dropped. */
const printable = (userAgent: string | undefined): string | null =>
  userAgent?.replace(/\p{Cc}/gu, '').slice(0, MAX_USER_AGENT) || null;
