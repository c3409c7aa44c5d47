import { decodeBase64url } from './base64url.js';
import { AUTHENTICATION, Ceremony, REGISTRATION } from './ceremony.js';
import { CeremonyRefusal } from './ceremony-refusal.js';

/** The longest credential ID, in bytes, that WebAuthn Level 3 lets a relying party accept (§7.1 step 25). */
export const MAX_CREDENTIAL_ID_BYTES = 1023;

/** The longest user handle, in bytes (§5.4.3). */
export const MAX_USER_HANDLE_BYTES = 64;

/** How many transport tokens of one passkey are kept, and the form of each. */
export const MAX_TRANSPORTS = 8;
export const TRANSPORT = /^[a-z][a-z0-9-]{0,31}$/;

// Far more than real clients send, and far less than would be costly to process.
const MAX_CLIENT_DATA_BYTES = 4096;
const MAX_ATTESTATION_OBJECT_BYTES = 32_768;
const MAX_AUTHENTICATOR_DATA_BYTES = 8192;
const MAX_SIGNATURE_BYTES = 1024;

/** A registration response decoded to bytes; nothing in it is verified. */
export interface PresentedRegistration {
  readonly credentialId: Buffer;
  readonly clientDataJSON: Buffer;
  readonly attestationObject: Buffer;
  /** Unproven hints: at most 8 distinct transport tokens. Empty if the client sent none that can be read. */
  readonly transports: string[];
  readonly attachment: 'platform' | 'cross-platform' | null;
}

/** An authentication response decoded to bytes; nothing in it is verified. */
export interface PresentedAuthentication {
  readonly credentialId: Buffer;
  readonly clientDataJSON: Buffer;
  readonly authenticatorData: Buffer;
  readonly signature: Buffer;
  /** Null if the client sent none, or `""`, which the Passage browser SDK sends for a missing one. */
  readonly userHandle: Buffer | null;
}

/**
 * The credential ID, in bytes, of an untrusted authentication response, to find its row by. Throws `CeremonyRefusal`
 * unless `id` and `rawId` are the same canonical base64url of 1 to 1023 bytes.
 */
export function presentedCredentialId(response: unknown): Buffer {
  return credentialIdOf(requireObject(response, AUTHENTICATION), AUTHENTICATION);
}

/**
 * Decodes an untrusted registration response (§7.1 step 3) in the form of `PublicKeyCredential.toJSON()`, or in that of
 * the Passage browser SDK with `transports` beside `response`. Ignores unknown members. Throws `CeremonyRefusal`.
 */
export function readRegistration(presented: unknown): PresentedRegistration {
  const credential = requireObject(presented, REGISTRATION);
  const credentialId = credentialIdOf(credential, REGISTRATION);
  requirePublicKeyType(credential, REGISTRATION);
  const response = requireObject(credential.response, REGISTRATION);
  return {
    credentialId,
    clientDataJSON: requireBytes(response.clientDataJSON, MAX_CLIENT_DATA_BYTES, REGISTRATION),
    attestationObject: requireBytes(response.attestationObject, MAX_ATTESTATION_OBJECT_BYTES, REGISTRATION),
    transports: transportsOf(
      Array.isArray(response.transports) ? response.transports : credential.transports,
    ),
    attachment: attachmentOf(credential.authenticatorAttachment),
  };
}

/** Decodes an untrusted authentication response (§7.2 step 3). Ignores unknown members. Throws `CeremonyRefusal`. */
export function readAuthentication(presented: unknown): PresentedAuthentication {
  const credential = requireObject(presented, AUTHENTICATION);
  const credentialId = credentialIdOf(credential, AUTHENTICATION);
  requirePublicKeyType(credential, AUTHENTICATION);
  const response = requireObject(credential.response, AUTHENTICATION);
  return {
    credentialId,
    clientDataJSON: requireBytes(response.clientDataJSON, MAX_CLIENT_DATA_BYTES, AUTHENTICATION),
    authenticatorData: requireBytes(response.authenticatorData, MAX_AUTHENTICATOR_DATA_BYTES, AUTHENTICATION),
    signature: requireBytes(response.signature, MAX_SIGNATURE_BYTES, AUTHENTICATION),
    userHandle: isMissing(response.userHandle)
      ? null
      : requireBytes(response.userHandle, MAX_USER_HANDLE_BYTES, AUTHENTICATION),
  };
}

function credentialIdOf({ id, rawId }: Record<string, unknown>, ceremony: Ceremony): Buffer {
  if (typeof id !== 'string' || typeof rawId !== 'string') {
    throw new CeremonyRefusal('malformed_response', ceremony.response);
  }
  if (id !== rawId) throw new CeremonyRefusal('credential_id_mismatch', ceremony.response);
  if (id.length > Math.ceil((MAX_CREDENTIAL_ID_BYTES * 4) / 3)) {
    throw new CeremonyRefusal('credential_id_too_long', '7.1-25');
  }
  return requireBytes(id, MAX_CREDENTIAL_ID_BYTES, ceremony);
}

function requireObject(value: unknown, ceremony: Ceremony): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CeremonyRefusal('malformed_response', ceremony.response);
  }
  return value as Record<string, unknown>;
}

function requireBytes(value: unknown, maxBytes: number, ceremony: Ceremony): Buffer {
  const decoded = decodeBase64url(value, maxBytes);
  if (decoded === null || decoded.length === 0) {
    throw new CeremonyRefusal('malformed_response', ceremony.response);
  }
  return decoded;
}

function requirePublicKeyType(credential: Record<string, unknown>, ceremony: Ceremony): void {
  if (credential.type !== 'public-key') throw new CeremonyRefusal('malformed_response', ceremony.response);
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function transportsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  const tokens = value.filter((item): item is string => typeof item === 'string' && TRANSPORT.test(item));
  return [...new Set(tokens)].slice(0, MAX_TRANSPORTS);
}

function attachmentOf(value: unknown): PresentedRegistration['attachment'] {
  return value === 'platform' || value === 'cross-platform' ? value : null;
}
