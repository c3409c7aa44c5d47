import { invalidResponse, isObject, isText, type Json } from './answers.js';
import { invalidArgument, required, toSegment } from './arguments.js';
import { parseBaseUrl } from './base-url.js';
import { readBody } from './body.js';
import { PassageError, PassageErrorCode } from './passage-error.js';

const DEFAULT_TIMEOUT = 10_000; // ms
const ERROR_CODE = /^[a-z0-9_]{1,64}$/;

/** Where the requests of a client go, and how; `timeout` is in milliseconds for each of them. */
export interface ConnectionSettings {
  readonly appId: string;
  readonly apiKey: string;
  readonly baseUrl: string;
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** One request below the app's URL. */
export interface FlexRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Empty for the app itself, else like `/users/{user}`; {@link ids} take the places in braces, one after the other. */
  readonly route?: string;
  readonly ids?: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Leaves the API key out. */
  readonly anonymous?: boolean;
}

interface Exchange {
  /** 200 to 299. */
  readonly status: number;
  readonly text: string;
}

/** Requests to one app of one server. Every failure is a {@link PassageError}; redirects are not followed. */
export class Connection {
  readonly #appUrl: string;
  readonly #apiKey: string;
  readonly #timeout: number;
  readonly #signal: AbortSignal | undefined;
  readonly #headers: Headers;

  constructor(settings: ConnectionSettings) {
    const { appId, apiKey, baseUrl, timeout, signal, headers }: Partial<ConnectionSettings> = settings ?? {};
    this.#appUrl = `${parseBaseUrl(baseUrl)}/apps/${toSegment(required('appId', appId))}`;
    this.#apiKey = required('apiKey', apiKey);
    this.#timeout = timeout === undefined ? DEFAULT_TIMEOUT : timeout;
    this.#signal = signal;
    this.#headers = toHeaders(headers);
    // fetch would refuse such a key with an error that quotes it.
    if (!/^[\x21-\x7e]+$/.test(this.#apiKey)) throw invalidArgument('apiKey has characters that no key has.');
    if (!(Number.isInteger(this.#timeout) && this.#timeout > 0 && this.#timeout < 2 ** 31)) {
      throw invalidArgument('timeout must be a whole number of milliseconds.');
    }
  }

  /** Calls `read` with the JSON object of a 2xx answer, or with an empty one if there is no body. */
  request<T>(request: FlexRequest, read: (answer: Json) => T): Promise<T> {
    return this.#ask(request, ({ status, text }) => {
      const answer = text === '' ? {} : parseObject(text);
      if (!answer) throw invalidResponse(status, 'The server’s answer is not a JSON object.');
      return read(answer);
    });
  }

  /** For a deletion, which is answered without a body: a proxy's page or a 202 does not show that it was done. */
  delete(request: FlexRequest): Promise<void> {
    return this.#ask({ ...request, method: 'DELETE' }, ({ status, text }) => {
      if (text === '' && (status === 200 || status === 204)) return;
      throw invalidResponse(status, 'The server’s answer to a deletion is not empty.');
    });
  }

  async #ask<T>(request: FlexRequest, read: (exchange: Exchange) => T): Promise<T> {
    try {
      return read(await this.#exchange(request));
    } catch (error) {
      if (error instanceof PassageError) {
        const { method = 'GET', route = '' } = request;
        const isRepeatable = method === 'GET' || error.isRepeatable;
        Object.assign(error, { request: `${method} /apps/{app}${route}`, isRepeatable });
      }
      throw error;
    }
  }

  async #exchange({ method = 'GET', body, ...request }: FlexRequest): Promise<Exchange> {
    const url = this.#urlOf(request);
    const headers = new Headers(this.#headers);
    headers.set('accept', 'application/json');
    if (body) headers.set('content-type', 'application/json');
    if (!request.anonymous) headers.set('authorization', `Bearer ${this.#apiKey}`);
    const timeout = AbortSignal.timeout(this.#timeout);
    const signal = this.#signal ? AbortSignal.any([this.#signal, timeout]) : timeout;
    try {
      const response = await fetch(url, {
        method,
        headers,
        ...(body && { body: JSON.stringify(body) }),
        redirect: 'manual',
        signal,
      });
      const text = await readBody(response);
      if (!response.ok) throw refusal(response, parseObject(text));
      return { status: response.status, text };
    } catch (error) {
      throw error instanceof PassageError ? error : this.#failure(error, signal);
    }
  }

  #urlOf({ route = '', ids = [], query = {} }: FlexRequest): URL {
    const remaining = [...ids];
    const url = new URL(this.#appUrl + route.replace(/\{\w+\}/g, () => toSegment(remaining.shift() ?? '')));
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }

  #failure(error: unknown, signal: AbortSignal): PassageError {
    const cause = rootOf(error);
    if (this.#signal?.aborted) {
      return new PassageError(0, PassageErrorCode.Aborted, 'The caller’s signal ended the call.', { cause });
    }
    if (signal.aborted) {
      return new PassageError(0, PassageErrorCode.TimedOut, 'The server did not answer in time.', { cause });
    }
    const isRepeatable = isFailureToConnect((error as Error).cause);
    return new PassageError(0, PassageErrorCode.NetworkUnreachable, 'The server cannot be reached.', {
      cause,
      isRepeatable,
    });
  }
}

function toHeaders(headers: Readonly<Record<string, string>> | undefined): Headers {
  try {
    return new Headers(headers);
  } catch {
    throw invalidArgument('headers have a name or a value that no header can have.');
  }
}

/** Whether the request certainly never left. A name with several addresses fails with an error for each. */
function isFailureToConnect(cause: unknown): boolean {
  const { syscall, errors } = (cause ?? {}) as { syscall?: unknown; errors?: unknown };
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isFailureToConnect);
  return syscall === 'connect' || syscall === 'getaddrinfo';
}

/** Name and code of what was behind an error; its other members may quote the answer, and so a transaction. */
function rootOf(error: unknown): { readonly name: string; readonly code?: string } {
  let root = isObject(error) ? error : {};
  while (isObject(root['cause'])) root = root['cause'];
  const { name, code } = root;
  return { name: isText(name) ? name : 'Error', ...(isText(code) && { code }) };
}

function refusal({ status, headers }: Response, answer: Json | null): PassageError {
  if (status < 400) return invalidResponse(status, 'The server redirects, which is not followed.');
  const { code, error, reason } = answer ?? {};
  const isOurs = isText(code) && ERROR_CODE.test(code);
  const errorCode = isOurs ? code : PassageErrorCode.InvalidResponse;
  const message = isOurs
    ? isText(error)
      ? error
      : code
    : 'The server’s answer is not an error of the protocol.';
  return new PassageError(status, errorCode, message, {
    retryAfter: secondsIn(headers.get('retry-after')),
    reason: isText(reason) && ERROR_CODE.test(reason) ? reason : undefined,
  });
}

/** Reads `Retry-After` (RFC 9110 §10.2.3): whole seconds from now, at least 1; undefined if it says nothing. */
function secondsIn(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(1, Math.ceil(seconds));
}

function parseObject(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
