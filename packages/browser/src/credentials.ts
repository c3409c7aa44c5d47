import { toCreationError } from './browser-error.js';

/*
 * Between the server's JSON and the browser's objects. Password managers stand in for browsers and hand out objects of their
 * own, which lack members or throw where a browser's would not: what the server can do without is left out, and what can be
 * derived is derived.
 */

/** The prompt that is open, or was last. */
let prompt: AbortController | null = null;

/** Whether this page can use passkeys at all; false outside a secure context. */
export const supportsPasskeys = (): boolean =>
  typeof PublicKeyCredential === 'function' && typeof navigator.credentials?.create === 'function';

/** Whether this browser offers passkeys in autofill. */
export async function supportsAutofill(): Promise<boolean> {
  if (!supportsPasskeys()) return false;
  const api = PublicKeyCredential as Partial<typeof PublicKeyCredential>;
  return (await api.isConditionalMediationAvailable?.call(PublicKeyCredential)) ?? false;
}

/** Takes the open prompt away; a browser that has not opened it yet may not hear of it. */
export function abortPrompt(): void {
  prompt?.abort();
  prompt = null;
}

/** Creates a passkey; `silently` lets a password manager do so without asking. Throws what the browser throws. */
export async function createCredential(
  options: PublicKeyCredentialCreationOptionsJSON,
  { silently = false } = {},
): Promise<RegistrationResponseJSON> {
  const publicKey = {
    ...options,
    challenge: toBytes(options.challenge),
    user: { ...options.user, id: toBytes(options.user.id) },
    excludeCredentials: options.excludeCredentials?.map(toDescriptor),
  } as unknown as PublicKeyCredentialCreationOptions;
  const creation = { publicKey, signal: nextPrompt(), ...(silently && { mediation: 'conditional' }) };
  const created = await navigator.credentials.create(creation).catch((error: unknown) => {
    throw toCreationError(error);
  });
  const { response, ...rest } = toJson<AuthenticatorAttestationResponse>(created);
  return {
    ...rest,
    response: {
      attestationObject: toText(response.attestationObject),
      clientDataJSON: toText(response.clientDataJSON),
      transports: attempt(() => response.getTransports()) ?? [],
    } as unknown as AuthenticatorAttestationResponseJSON,
  };
}

/** Asks for a passkey, in autofill if `autofill`. Throws what the browser throws. */
export async function requestCredential(
  options: PublicKeyCredentialRequestOptionsJSON,
  { autofill = false } = {},
): Promise<AuthenticationResponseJSON> {
  // An offer in autofill has no list; an empty one keeps some browsers from looking for any.
  const { allowCredentials, ...others } = options;
  const listed = !autofill && allowCredentials?.length ? allowCredentials.map(toDescriptor) : undefined;
  const publicKey = {
    ...others,
    challenge: toBytes(options.challenge),
    ...(listed && { allowCredentials: listed }),
  } as unknown as PublicKeyCredentialRequestOptions;
  const chosen = await navigator.credentials.get({
    publicKey,
    signal: nextPrompt(),
    ...(autofill && { mediation: 'conditional' as const }),
  });
  const { response, ...rest } = toJson<AuthenticatorAssertionResponse>(chosen);
  return {
    ...rest,
    response: {
      authenticatorData: toText(response.authenticatorData),
      clientDataJSON: toText(response.clientDataJSON),
      signature: toText(response.signature),
      ...(response.userHandle && { userHandle: toText(response.userHandle) }),
    },
  };
}

/** The bytes of base64url, padded or not. Throws if it is none. */
export function toBytes(text: string): ArrayBuffer {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0)).buffer;
}

function toText(bytes: ArrayBuffer | ArrayBufferView): string {
  const view = ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
  const binary = Array.from(view, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function nextPrompt(): AbortSignal {
  abortPrompt();
  prompt = new AbortController();
  return prompt.signal;
}

const toDescriptor = ({ id, ...descriptor }: PublicKeyCredentialDescriptorJSON) => ({
  ...descriptor,
  id: toBytes(id),
});

/** What both kinds of answers have in common; the ID in its one canonical spelling. */
function toJson<Response extends AuthenticatorResponse>(credential: Credential | null) {
  if (!credential) throw new DOMException('There is no credential.', 'UnknownError');
  const { rawId, response, authenticatorAttachment } = credential as PublicKeyCredential;
  const id = toText(rawId);
  return {
    id,
    rawId: id,
    type: 'public-key',
    response: response as Response,
    clientExtensionResults: (attempt(() => (credential as PublicKeyCredential).getClientExtensionResults()) ??
      {}) as unknown as AuthenticationExtensionsClientOutputsJSON,
    ...(isAttachment(authenticatorAttachment) && { authenticatorAttachment }),
  };
}

const isAttachment = (value: unknown): value is string => value === 'platform' || value === 'cross-platform';

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
