import { isCreationOptions, isRequestOptions } from './ceremony-options.js';
import { invalidResponse, sendJson } from './json-request.js';

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
    const answer = await sendJson(`${this.#appUrl}/${path}`, { method: 'POST', body, signal });
    if (typeof answer !== 'object' || answer === null) throw invalidResponse(200);
    return answer;
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
