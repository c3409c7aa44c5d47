import type { RemotePassageSettings } from '../../config/configuration.js';
import { currentRequest } from '../../http/request-context.js';
import { Outage } from './outage.js';
import { parseRetryAfter } from './retry-after.js';

const MAX_BYTES = 1024 * 1024;

export interface ProviderRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the app: `/users/…`, ids percent-encoded, or empty for the app itself. */
  readonly path: string;
  /** Becomes the JSON body. */
  readonly body?: Readonly<Record<string, string>> | undefined;
}

/** The method and the route's template, as they may be logged: ids and external IDs left out. */
export const routeOf = ({ method, path }: ProviderRequest): string =>
  `${method} /apps/{id}${path.split('?', 1)[0]!.replace(/\/(users|devices)\/[^/]+/g, '/$1/{id}')}`;

export interface ProviderAnswer {
  /** 200 to 299 or 400 to 499. */
  readonly status: number;
  readonly text: string;
  /** Seconds. */
  readonly retryAfter: number | undefined;
}

/**
 * Speaks HTTP with the provider over connections that are kept alive: one request, one answer of at most 1 MiB, no
 * redirects. Throws an `Outage` for whatever is no answer to the request, the statuses 408 and from 500 included.
 */
export class ProviderConnection {
  private readonly base: string;
  private readonly authorization: string;

  constructor({ baseUrl, appId, apiKey }: RemotePassageSettings) {
    this.base = `${baseUrl}/apps/${appId}`;
    this.authorization = `Bearer ${apiKey}`;
  }

  async exchange(request: ProviderRequest, signal: AbortSignal): Promise<ProviderAnswer> {
    try {
      const response = await this.fetch(request, signal);
      const text = await readBounded(response);
      return accept(response, text);
    } catch (cause) {
      if (cause instanceof Outage) throw cause;
      if (signal.aborted) throw new Outage('provider_timeout', { cause, isTransient: true });
      const neverSent = isFailureToConnect((cause as Error).cause);
      throw new Outage('provider_unreachable', { cause, neverSent, isTransient: true });
    }
  }

  private fetch({ method, path, body }: ProviderRequest, signal: AbortSignal): Promise<Response> {
    const requestId = currentRequest()?.requestId;
    return fetch(this.base + path, {
      method,
      headers: {
        accept: 'application/json',
        authorization: this.authorization,
        ...(body && { 'content-type': 'application/json' }),
        ...(requestId && { 'x-request-id': requestId }),
      },
      ...(body && { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal,
    });
  }
}

function accept({ status, headers }: Response, text: string): ProviderAnswer {
  const retryAfter = parseRetryAfter(headers.get('retry-after'));
  const answer = String(status);
  // A server that says when to come back is not asked again before.
  if (status >= 500 || status === 408)
    throw new Outage('provider_failed', { answer, retryAfter, isTransient: retryAfter === undefined });
  if (status >= 300 && status < 400) throw new Outage('provider_unintelligible', { answer });
  return { status, text, retryAfter };
}

/** Counted as decoded, so that a small compressed answer cannot become a large one. */
async function readBounded({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Outage('provider_unintelligible', { answer: 'more than 1 MiB' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A name with several addresses fails with an error for each. */
function isFailureToConnect(cause: unknown): boolean {
  if (cause instanceof AggregateError) return cause.errors.every(isFailureToConnect);
  const { syscall } = (cause ?? {}) as { syscall?: unknown };
  return syscall === 'connect' || syscall === 'getaddrinfo';
}
