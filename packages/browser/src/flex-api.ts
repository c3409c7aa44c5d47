import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/browser';
import { isCreationOptions, isRequestOptions } from './ceremony-options.js';
import { PassageError } from './passage-error.js';

/** How long one request may take, in milliseconds; the browser's prompt is not one. */
const TIMEOUT = 30_000;

/** A ceremony that the server has begun. */
export interface Started<Options> {
  readonly handshakeId: string;
  readonly publicKey: Options;
}

/** A registration that the server has begun. */
export interface StartedRegistration extends Started<PublicKeyCredentialCreationOptionsJSON> {
  /** Whether the server lets the browser create the passkey without asking the user. */
  readonly conditional: boolean;
}

/** The body of a start; a registration is always on a transaction. */
export interface RegistrationStart {
  readonly transaction_id: string;
  readonly authenticator_attachment?: string;
  readonly hints?: readonly string[];
}

/** The transaction of a sign-in; without one the passkey says who it is. */
export interface AuthenticationNamed {
  readonly transaction_id?: string;
}

/** The body of a start, with a transaction or without one. */
export interface AuthenticationStart extends AuthenticationNamed {
  readonly hints?: readonly string[];
}

/** The Flex routes of one app for browsers. Without cookies; every failure is a {@link PassageError}. */
export class FlexApi {
  readonly #appUrl: string;

  constructor(baseUrl: string, appId: string) {
    this.#appUrl = `${baseUrl}/apps/${encodeURIComponent(appId)}`;
  }

  async startRegistration(body: RegistrationStart, signal: AbortSignal): Promise<StartedRegistration> {
    const answer = await this.#start('register', body, signal);
    return { ...toStarted(answer, isCreationOptions), conditional: answer.conditional === true };
  }

  async startAuthentication(
    body: AuthenticationStart,
    signal: AbortSignal,
  ): Promise<Started<PublicKeyCredentialRequestOptionsJSON>> {
    return toStarted(await this.#start('authenticate', body, signal), isRequestOptions);
  }

  /** Resolves to a nonce. Nothing aborts it: the passkey exists by now, and the server should know. */
  finishRegistration(
    transactionId: string,
    handshakeId: string,
    response: RegistrationResponseJSON,
  ): Promise<string> {
    return this.#finish('register', { transaction_id: transactionId }, handshakeId, response);
  }

  /** Resolves to a nonce. */
  finishAuthentication(
    named: AuthenticationNamed,
    handshakeId: string,
    response: AuthenticationResponseJSON,
  ): Promise<string> {
    return this.#finish('authenticate', named, handshakeId, response);
  }

  #start(kind: string, body: object, signal: AbortSignal): Promise<StartAnswer> {
    return this.#post(`${kind}/transactions/webauthn/start`, body, signal);
  }

  async #finish(kind: string, named: object, handshakeId: string, response: object): Promise<string> {
    const body = { ...named, handshake_id: handshakeId, handshake_response: response };
    const { nonce } = (await this.#post(`${kind}/transactions/webauthn/finish`, body)) as {
      nonce?: unknown;
    };
    if (typeof nonce !== 'string' || nonce === '') throw invalidResponse(200);
    return nonce;
  }

  async #post(path: string, body: object, signal?: AbortSignal): Promise<object> {
    const request = new AbortController();
    const abort = () => request.abort(signal?.reason);
    const timer = setTimeout(
      () => request.abort(new PassageError('timed_out', 'The server did not answer in time.')),
      TIMEOUT,
    );
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    try {
      return await send(`${this.#appUrl}/${path}`, body, request.signal);
    } catch (cause) {
      request.signal.throwIfAborted();
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
}

/** What a start answers, unchecked. */
interface StartAnswer {
  readonly conditional?: unknown;
  readonly handshake?: { readonly id?: unknown; readonly challenge?: { readonly publicKey?: unknown } };
}

function toStarted<Options>(
  { handshake }: StartAnswer,
  isOptions: (value: unknown) => value is Options,
): Started<Options> {
  const handshakeId = handshake?.id;
  const publicKey = handshake?.challenge?.publicKey;
  if (typeof handshakeId !== 'string' || handshakeId === '' || !isOptions(publicKey)) {
    throw invalidResponse(200);
  }
  return { handshakeId, publicKey };
}

async function send(url: string, body: object, signal: AbortSignal): Promise<object> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(body),
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'error',
    signal,
  });
  const answer = parseObject(await response.text());
  if (response.ok && answer) return answer;
  const { code, error, reason: told } = (answer ?? {}) as Record<string, unknown>;
  const retryAfter = secondsUntil(response.headers.get('retry-after'));
  if (response.ok || typeof code !== 'string') throw invalidResponse(response.status, retryAfter);
  const reason = typeof told === 'string' ? told : null;
  const message = typeof error === 'string' ? error : code;
  throw new PassageError(code, message, response.status, { retryAfter, reason });
}

/** Reads a `Retry-After` header (RFC 9110 §10.2.3); null if it says nothing, or the server hides it from pages. */
function secondsUntil(header: string | null): number | null {
  if (header === null) return null;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1_000;
  return Number.isNaN(seconds) ? null : Math.max(0, Math.ceil(seconds));
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function invalidResponse(status: number, retryAfter: number | null = null): PassageError {
  const message = 'The server’s answer is not of the protocol.';
  return new PassageError('invalid_response', message, status, { retryAfter });
}
