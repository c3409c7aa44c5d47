/** How long one request may take, in milliseconds; a ceremony's prompt is not a request. */
const TIMEOUT = 30_000;

/** How the server lets a user prove again who they are. */
export interface StepUpChallenge {
  /** What counts: a token of a fresh sign-in, the nonce of a step-up with a passkey, or either. */
  readonly by: 'fresh-token' | 'passkey' | 'either';
  /** Seconds since which the user has to have signed in; absent where no token counts. */
  readonly maxAge?: number;
  /** The values of the claim `acr` that count; absent where any does. */
  readonly acrValues?: readonly string[];
}

/**
 * A request that did not succeed. `code` is the server's stable code, or one of ours: `network_unreachable`
 * and `timed_out` (status 0), `invalid_response` (an answer that is not what the protocol promises).
 */
export class RequestError extends Error {
  /** What an `insufficient_user_authentication` asks for; null for other codes. */
  readonly stepUp: StepUpChallenge | null;

  constructor(
    readonly status: number,
    readonly code: string,
    options?: ErrorOptions & { readonly stepUp?: StepUpChallenge | null },
  ) {
    super(`${code} (${status})`, options);
    this.name = 'RequestError';
    this.stepUp = options?.stepUp ?? null;
  }
}

/** One JSON request; without `body` no content type is sent, without `token` no Authorization header. */
export interface JsonRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly token?: string;
  /** That of a step-up. */
  readonly nonce?: string | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
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

async function send(url: string, request: JsonRequest): Promise<Response> {
  const { method = 'GET', token, nonce, body, signal } = request;
  const headers = new Headers({ accept: 'application/json' });
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  if (nonce !== undefined) headers.set('x-keyway-nonce', nonce);
  if (body !== undefined) headers.set('content-type', 'application/json');
  try {
    return await fetch(url, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
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
  const { code, stepUp } = (body ?? {}) as { readonly code?: unknown; readonly stepUp?: unknown };
  if (typeof code !== 'string') return new RequestError(response.status, 'invalid_response');
  return new RequestError(response.status, code, { stepUp: isChallenge(stepUp) ? stepUp : null });
}

const isChallenge = (value: unknown): value is StepUpChallenge =>
  typeof value === 'object' && value !== null && 'by' in value && typeof value.by === 'string';
