/** How long one request may take, in milliseconds; a ceremony's prompt is not a request. */
const TIMEOUT = 30_000;

/**
 * A request that did not succeed. `code` is the server's stable code, or one of ours: `network_unreachable`
 * and `timed_out` (status 0), `invalid_response` (an answer that is not what the protocol promises).
 */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(`${code} (${status})`, options);
    this.name = 'RequestError';
  }
}

/** One JSON request; without `body` no content type is sent, without `token` no Authorization header. */
export interface JsonRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly token?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/**
 * Sends JSON and resolves to the parsed answer, or to undefined for 204. Cookies are never sent.
 * Throws {@link RequestError}, or the reason of `signal` when the caller aborts.
 */
export async function sendJson<T>(url: string, request: JsonRequest = {}): Promise<T> {
  const response = await send(url, request);
  if (!response.ok) throw await refusal(response);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw failure(cause, request.signal, 'invalid_response', response.status);
  }
}

async function send(url: string, { method = 'GET', token, body, signal }: JsonRequest): Promise<Response> {
  const headers = new Headers({ accept: 'application/json' });
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  if (body !== undefined) headers.set('content-type', 'application/json');
  try {
    return await fetch(url, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'omit',
      cache: 'no-store',
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT), ...(signal ? [signal] : [])]),
    });
  } catch (cause) {
    throw failure(cause, signal, 'network_unreachable', 0);
  }
}

function failure(cause: unknown, signal: AbortSignal | undefined, code: string, status: number): unknown {
  if (signal?.aborted) return signal.reason;
  if (cause instanceof DOMException && cause.name === 'TimeoutError') {
    return new RequestError(0, 'timed_out', { cause });
  }
  return new RequestError(status, code, { cause });
}

/** Both error shapes of the server, problem details and `{code, error}`, carry the code under one name. */
async function refusal(response: Response): Promise<RequestError> {
  const body: unknown = await response.json().catch(() => null);
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
  return new RequestError(response.status, typeof code === 'string' ? code : 'invalid_response');
}
