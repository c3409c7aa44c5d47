import { decodePaddedBase64url } from './base64url.js';
import { AUTHENTICATION, Ceremony, REGISTRATION } from './ceremony.js';
import { MalformedResponse } from './ceremony-refusal.js';

/** The longest credential ID, in bytes, that WebAuthn Level 3 lets a relying party accept (§7.1 step 25). */
export const MAX_CREDENTIAL_ID_BYTES = 1023;

/** The longest user handle, in bytes (§5.4.3). */
export const MAX_USER_HANDLE_BYTES = 64;

/** How many transport tokens of one passkey are kept. */
export const MAX_TRANSPORTS = 8;

/** The form of a transport token. */
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
 * The credential ID, in bytes, of an untrusted authentication response, to find its row by. Throws `MalformedResponse`
 * unless `id` and `rawId` are canonical base64url, padded or not, of the same 1 to 1023 bytes.
 */
export function presentedCredentialId(response: unknown): Buffer {
  return credentialIdOf(requireObject(response, '', AUTHENTICATION), AUTHENTICATION);
}

/**
 * Decodes an untrusted registration response (§7.1 step 3) in the form of `PublicKeyCredential.toJSON()`, or in that of
 * the Passage browser SDK with `transports` beside `response`. Ignores unknown members. Throws `MalformedResponse`.
 */
export function readRegistration(presented: unknown): PresentedRegistration {
  const credential = requireObject(presented, '', REGISTRATION);
  const credentialId = credentialIdOf(credential, REGISTRATION);
  requirePublicKeyType(credential, REGISTRATION);
  const response = requireObject(credential.response, 'response', REGISTRATION);
  const bytesOf = (name: string, maxBytes: number): Buffer =>
    requireBytes(response[name], `response.${name}`, maxBytes, REGISTRATION);
  return {
    credentialId,
    clientDataJSON: bytesOf('clientDataJSON', MAX_CLIENT_DATA_BYTES),
    attestationObject: bytesOf('attestationObject', MAX_ATTESTATION_OBJECT_BYTES),
    transports: transportsOf(
      Array.isArray(response.transports) ? response.transports : credential.transports,
    ),
    attachment: attachmentOf(credential.authenticatorAttachment),
  };
}

/** Decodes an untrusted authentication response (§7.2 step 3). Ignores unknown members. Throws `MalformedResponse`. */
export function readAuthentication(presented: unknown): PresentedAuthentication {
  const credential = requireObject(presented, '', AUTHENTICATION);
  const credentialId = credentialIdOf(credential, AUTHENTICATION);
  requirePublicKeyType(credential, AUTHENTICATION);
  const response = requireObject(credential.response, 'response', AUTHENTICATION);
  const bytesOf = (name: string, maxBytes: number): Buffer =>
    requireBytes(response[name], `response.${name}`, maxBytes, AUTHENTICATION);
  return {
    credentialId,
    clientDataJSON: bytesOf('clientDataJSON', MAX_CLIENT_DATA_BYTES),
    authenticatorData: bytesOf('authenticatorData', MAX_AUTHENTICATOR_DATA_BYTES),
    signature: bytesOf('signature', MAX_SIGNATURE_BYTES),
    userHandle: isMissing(response.userHandle) ? null : bytesOf('userHandle', MAX_USER_HANDLE_BYTES),
  };
}

/** Compares bytes: one of the two may be padded, and there is one credential ID behind both spellings. */
function credentialIdOf({ id, rawId }: Record<string, unknown>, ceremony: Ceremony): Buffer {
  for (const [name, value] of Object.entries({ id, rawId })) {
    if (typeof value === 'string' && value.length > Math.ceil(MAX_CREDENTIAL_ID_BYTES / 3) * 4) {
      throw new MalformedResponse('credential_id_too_long', '7.1-25', tooLong(name, MAX_CREDENTIAL_ID_BYTES));
    }
  }
  const bytes = requireBytes(id, 'id', MAX_CREDENTIAL_ID_BYTES, ceremony);
  if (!bytes.equals(requireBytes(rawId, 'rawId', MAX_CREDENTIAL_ID_BYTES, ceremony))) {
    const detail = `${pathOf('id')} and ${pathOf('rawId')} must be the same.`;
    throw new MalformedResponse('credential_id_mismatch', ceremony.response, detail);
  }
  return bytes;
}

function requireObject(value: unknown, member: string, ceremony: Ceremony): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(ceremony, `${pathOf(member)} must be an object.`);
  }
  return value as Record<string, unknown>;
}

/** 1 to `maxBytes` bytes. */
function requireBytes(value: unknown, member: string, maxBytes: number, ceremony: Ceremony): Buffer {
  if (isMissing(value)) throw malformed(ceremony, `${pathOf(member)} is missing.`);
  const decoded = decodePaddedBase64url(value, maxBytes);
  if (decoded !== null) return decoded;
  const isLong = typeof value === 'string' && value.length > Math.ceil(maxBytes / 3) * 4;
  throw malformed(ceremony, isLong ? tooLong(member, maxBytes) : `${pathOf(member)} must be base64url.`);
}

function requirePublicKeyType({ type }: Record<string, unknown>, ceremony: Ceremony): void {
  if (type !== 'public-key') throw malformed(ceremony, `${pathOf('type')} must be "public-key".`);
}

const malformed = (ceremony: Ceremony, detail: string): MalformedResponse =>
  new MalformedResponse('malformed_response', ceremony.response, detail);

const tooLong = (member: string, maxBytes: number): string =>
  `${pathOf(member)} must have ${maxBytes} bytes at most.`;

/** As the body of a finish has it. */
const pathOf = (member: string): string => `handshake_response${member && `.${member}`}`;

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
