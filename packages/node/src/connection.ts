import { invalidResponse, isObject, isText, type Json } from './answers.js';
import { invalidArgument, required, toSegment } from './arguments.js';
import { parseBaseUrl } from './base-url.js';
import { readBody } from './body.js';
import { PassageError, PassageErrorCode } from './passage-error.js';

const DEFAULT_TIMEOUT = 10_000; // ms

export interface ConnectionSettings {
  readonly appId: string;
  readonly apiKey: string;
  readonly baseUrl: string;
  readonly timeout?: number;
}

/** One request below the app's URL; `anonymous` leaves the API key out. */
export interface FlexRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path?: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly anonymous?: boolean;
}

/** Requests to one app of one server. Every failure is a {@link PassageError}; redirects are not followed. */
export class Connection {
  readonly #appUrl: string;
  readonly #apiKey: string;
  readonly #timeout: number;

  constructor(settings: ConnectionSettings) {
    const { appId, apiKey, baseUrl, timeout = DEFAULT_TIMEOUT }: Partial<ConnectionSettings> = settings ?? {};
    this.#appUrl = `${parseBaseUrl(baseUrl)}/apps/${toSegment(required('appId', appId))}`;
    this.#apiKey = required('apiKey', apiKey);
    this.#timeout = timeout;
    // fetch would refuse such a key with an error that quotes it.
    if (!/^[\x21-\x7e]+$/.test(this.#apiKey)) throw invalidArgument('apiKey has characters that no key has.');
    if (!(Number.isInteger(timeout) && timeout > 0 && timeout < 2 ** 31)) {
      throw invalidArgument('timeout must be a whole number of milliseconds.');
    }
  }

  /** Resolves to the parsed JSON of a 2xx answer, or to an empty object if it has no body. */
  async request(request: FlexRequest): Promise<Json> {
    const { method = 'GET', path = [], query, body, anonymous = false } = request;
    const url = new URL([this.#appUrl, ...path.map(toSegment)].join('/'));
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    const headers = {
      accept: 'application/json',
      ...(body && { 'content-type': 'application/json' }),
      ...(!anonymous && { authorization: `Bearer ${this.#apiKey}` }),
    };
    const { response, text } = await this.#exchange(url, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.ok && text === '') return {};
    const answer = parseObject(text);
    if (!response.ok) throw refusal(response.status, answer);
    if (!answer) throw invalidResponse(response.status, 'The server’s answer is no JSON object.');
    return answer;
  }

  async #exchange(url: URL, init: RequestInit): Promise<{ response: Response; text: string }> {
    const signal = AbortSignal.timeout(this.#timeout);
    try {
      const response = await fetch(url, { ...init, redirect: 'manual', signal });
      return { response, text: await readBody(response) };
    } catch (error) {
      if (error instanceof PassageError) throw error;
      const cause = rootOf(error);
      if (signal.aborted) {
        throw new PassageError(0, PassageErrorCode.TimedOut, 'The server did not answer in time.', { cause });
      }
      throw new PassageError(0, PassageErrorCode.NetworkUnreachable, 'The server cannot be reached.', {
        cause,
      });
    }
  }
}

/** Name and code of what was behind an error; its other members may quote the answer, and so a transaction. */
function rootOf(error: unknown): { readonly name: string; readonly code?: string } {
  let root = isObject(error) ? error : {};
  while (isObject(root['cause'])) root = root['cause'];
  const { name, code } = root;
  return { name: isText(name) ? name : 'Error', ...(isText(code) && { code }) };
}

function refusal(status: number, answer: Json | null): PassageError {
  if (status < 400) return invalidResponse(status, 'The server redirects, which is not followed.');
  const { code, error } = answer ?? {};
  if (!isText(code)) return invalidResponse(status, 'The server’s answer is no error of the protocol.');
  return new PassageError(status, code, isText(error) ? error : code);
}

function parseObject(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
