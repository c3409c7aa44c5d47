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

// Far above what real clients send, far below what would be costly to look at.
const MAX_CLIENT_DATA_BYTES = 4096;
const MAX_ATTESTATION_OBJECT_BYTES = 32_768;
const MAX_AUTHENTICATOR_DATA_BYTES = 8192;
const MAX_SIGNATURE_BYTES = 1024;

/** A registration response taken apart into bytes; nothing of it is verified yet. */
export interface PresentedRegistration {
  readonly credentialId: Buffer;
  readonly clientDataJSON: Buffer;
  readonly attestationObject: Buffer;
  /** Hints only: at most 8 distinct transport tokens, empty when the client sent none that can be read. */
  readonly transports: string[];
  readonly attachment: 'platform' | 'cross-platform' | null;
}

/** An authentication response taken apart into bytes; nothing of it is verified yet. */
export interface PresentedAuthentication {
  readonly credentialId: Buffer;
  readonly clientDataJSON: Buffer;
  readonly authenticatorData: Buffer;
  readonly signature: Buffer;
  /** Null when the client sent none, or `""` as the Passage browser SDK spells a missing one. */
  readonly userHandle: Buffer | null;
}

/**
 * The credential ID, in bytes, that an untrusted authentication response claims, for the lookup of its row. Throws
 * `CeremonyRefusal` unless `id` and `rawId` are the same canonical base64url of 1 to 1023 bytes.
 */
export function presentedCredentialId(response: unknown): Buffer {
  return credentialIdOf(requireObject(response, AUTHENTICATION), AUTHENTICATION);
}

/**
 * Takes a registration response apart (§7.1 step 3), as `PublicKeyCredential.toJSON()` gives it or as the Passage
 * browser SDK sends it, with `transports` beside `response`. Unknown members are ignored; throws `CeremonyRefusal`.
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

/**
 * Takes an authentication response apart (§7.2 step 3); unknown members are ignored. Throws `CeremonyRefusal`.
 */
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
