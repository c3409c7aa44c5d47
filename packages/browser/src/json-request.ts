import { PassageError, type StepUpChallenge } from './passage-error.js';

/** How long one request may take, in milliseconds; the browser's prompt is not one. */
const TIMEOUT = 30_000;

/** One JSON request; without `body` no content type is sent. */
export interface JsonRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE' | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  /** Its reason is thrown when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends JSON and resolves to the parsed answer, or to undefined where there is none (204). Cookies are never sent, and
 * redirects not followed. Throws {@link PassageError} with the server's code, or one of the client's, or the signal's reason.
 */
export async function sendJson(url: string, request: JsonRequest = {}): Promise<unknown> {
  const { signal } = request;
  // Not AbortSignal.any: Safari has it from 17.4 on.
  const sending = new AbortController();
  const abort = () => sending.abort(signal?.reason);
  const timer = setTimeout(
    () => sending.abort(new PassageError('timed_out', 'The server did not answer in time.')),
    TIMEOUT,
  );
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  try {
    return await send(url, request, sending.signal);
  } catch (cause) {
    sending.signal.throwIfAborted();
    if (cause instanceof PassageError) throw cause;
    throw new PassageError(
      'network_unreachable',
      "The server cannot be reached, or this page's origin is not one of the app's.",
      0,
      { cause },
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

async function send(
  url: string,
  { method = 'GET', headers, body }: JsonRequest,
  signal: AbortSignal,
): Promise<unknown> {
  const hasBody = body !== undefined;
  const response = await fetch(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(hasBody && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(hasBody && { body: JSON.stringify(body) }),
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'error',
    signal,
  });
  if (response.status === 204) return undefined;
  const answer = parse(await response.text());
  if (response.ok && answer !== undefined) return answer;
  const { code, error, title, reason: told, stepUp: asked } = (answer ?? {}) as Record<string, unknown>;
  const retryAfter = secondsUntil(response.headers.get('retry-after'));
  if (response.ok || typeof code !== 'string') throw invalidResponse(response.status, retryAfter);
  const reason = typeof told === 'string' ? told : null;
  const stepUp = isChallenge(asked) ? asked : null;
  const message = [error, title].find((each) => typeof each === 'string') ?? code;
  throw new PassageError(code, message, response.status, { retryAfter, reason, stepUp });
}

const isChallenge = (value: unknown): value is StepUpChallenge =>
  typeof value === 'object' && value !== null && 'by' in value && typeof value.by === 'string';

/** An answer that the protocol does not know. */
export function invalidResponse(status: number, retryAfter: number | null = null): PassageError {
  const message = 'The server’s answer is not of the protocol.';
  return new PassageError('invalid_response', message, status, { retryAfter });
}

/** Reads a `Retry-After` header (RFC 9110 §10.2.3); null if it says nothing, or the server hides it from pages. */
function secondsUntil(header: string | null): number | null {
  if (header === null) return null;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1_000;
  return Number.isNaN(seconds) ? null : Math.max(0, Math.ceil(seconds));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
