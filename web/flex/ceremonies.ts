import { RequestError, sendJson } from '../http/request.js';
import {
  authenticationResponse,
  registrationResponse,
  toCreationOptions,
  toRequestOptions,
} from './webauthn-json.js';

/** Where the ceremonies of an app are: `flexUrl` is the Flex base URL including `/v1`. */
export interface FlexApp {
  readonly appId: string;
  readonly flexUrl: string;
}

/** A transaction that the app's server has created for one user and one kind of ceremony. */
export interface FlexTransaction extends FlexApp {
  readonly transactionId: string;
}

interface CeremonyOptions {
  /** Aborts the requests and takes the browser's prompt away; the ceremony then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

interface Started<Options> {
  readonly handshake: { readonly id: string; readonly challenge: { readonly publicKey: Options } };
}

/** Whether this browser can create and use passkeys at all (also false outside a secure context). */
export function supportsPasskeys(): boolean {
  return typeof PublicKeyCredential === 'function' && 'credentials' in navigator;
}

/** Whether this browser offers passkeys in the autofill of a field with `autocomplete="… webauthn"`. */
export async function supportsAutofill(): Promise<boolean> {
  if (!supportsPasskeys()) return false;
  const available = (PublicKeyCredential as Partial<typeof PublicKeyCredential>)
    .isConditionalMediationAvailable;
  return (await available?.call(PublicKeyCredential)) ?? false;
}

interface RegistrationOptions extends CeremonyOptions {
  /** Called with the new credential's ID (base64url) before the server is told of it. */
  readonly onCreated?: (credentialId: string) => void;
}

/**
 * Creates a passkey for the transaction's user and resolves to a nonce for the app's server to verify.
 * Throws `RequestError`, or the browser's `DOMException` (`NotAllowedError` when the user declines,
 * `InvalidStateError` when the authenticator holds a passkey for this account already).
 * Once the authenticator has made the credential, `signal` no longer stops the ceremony: the server is told of it
 * and has answered when the signal's reason is thrown.
 */
export async function register(
  transaction: FlexTransaction,
  { signal, onCreated }: RegistrationOptions = {},
): Promise<string> {
  const ceremony = `${ceremonies(transaction)}/register/transactions/webauthn`;
  const named = { transaction_id: transaction.transactionId };
  const { handshake } = await start<PublicKeyCredentialCreationOptionsJSON>(ceremony, named, signal);
  const credential = await navigator.credentials.create({
    publicKey: toCreationOptions(handshake.challenge.publicKey),
    signal,
  });
  const response = registrationResponse(expected(credential));
  onCreated?.(response.rawId);
  const nonce = await finish(ceremony, { ...named, ...answer(handshake.id, response) });
  signal?.throwIfAborted();
  return nonce;
}

/** Signs the transaction's user in with one of their passkeys; resolves and throws like {@link register}. */
export async function authenticate(
  transaction: FlexTransaction,
  options: CeremonyOptions = {},
): Promise<string> {
  return runAuthentication(transaction, { transaction_id: transaction.transactionId }, options);
}

/**
 * Signs in whoever owns the passkey that is chosen; resolves and throws like {@link register}.
 * With `autofill` the browser offers passkeys in the page's field instead of a prompt, until `signal` aborts.
 */
export async function authenticateDiscoverable(
  app: FlexApp,
  options: CeremonyOptions & { readonly autofill?: boolean } = {},
): Promise<string> {
  return runAuthentication(app, {}, options);
}

async function runAuthentication(
  app: FlexApp,
  named: { readonly transaction_id?: string },
  { signal, autofill = false }: CeremonyOptions & { readonly autofill?: boolean },
): Promise<string> {
  const ceremony = `${ceremonies(app)}/authenticate/transactions/webauthn`;
  const { handshake } = await start<PublicKeyCredentialRequestOptionsJSON>(ceremony, named, signal);
  const credential = await navigator.credentials.get({
    publicKey: toRequestOptions(handshake.challenge.publicKey),
    mediation: autofill ? 'conditional' : undefined,
    signal,
  });
  return finish(
    ceremony,
    { ...named, ...answer(handshake.id, authenticationResponse(expected(credential))) },
    signal,
  );
}

function ceremonies({ flexUrl, appId }: FlexApp): string {
  return `${flexUrl.replace(/\/+$/, '')}/apps/${encodeURIComponent(appId)}`;
}

async function start<Options>(url: string, body: object, signal?: AbortSignal): Promise<Started<Options>> {
  const started = await sendJson<Partial<Started<Options>>>(`${url}/start`, { method: 'POST', body, signal });
  if (!started.handshake?.challenge.publicKey) throw new RequestError(200, 'invalid_response');
  return { handshake: started.handshake };
}

async function finish(url: string, body: object, signal?: AbortSignal): Promise<string> {
  const { nonce } = await sendJson<{ nonce?: unknown }>(`${url}/finish`, { method: 'POST', body, signal });
  if (typeof nonce !== 'string') throw new RequestError(200, 'invalid_response');
  return nonce;
}

function answer(handshakeId: string, response: object) {
  return { handshake_id: handshakeId, handshake_response: response };
}

function expected(credential: Credential | null): PublicKeyCredential {
  if (!credential) throw new DOMException('The browser gave no credential', 'NotAllowedError');
  return credential as PublicKeyCredential;
}
