import { timingSafeEqual } from 'node:crypto';
import { decodeBase64url, encodeBase64url } from './base64url.js';

/**
 * Whether a presented user handle is the owner's: its bytes, or its base64url as UTF-8 text, which the Passage SDK for
 * iOS hands to the platform. Takes the same time for every handle of the same length.
 */
export function isUserHandleOf(owner: Uint8Array, presented: Uint8Array): boolean {
  const [bytes, text] = userHandleForms(owner);
  return isEqual(presented, bytes) || isEqual(presented, text);
}

/** The two byte strings that a passkey may present for this user handle: its bytes, and its base64url as UTF-8 text. */
export function userHandleForms(handle: Uint8Array): readonly [bytes: Buffer, text: Buffer] {
  return [Buffer.from(handle), Buffer.from(encodeBase64url(handle), 'utf8')];
}

/** The user handle in bytes of which `text` is the base64url as UTF-8; null if `text` is not base64url. */
export function userHandleOfText(text: Uint8Array): Buffer | null {
  const handle = decodeBase64url(Buffer.from(text).toString('latin1'), text.byteLength);
  return handle && handle.byteLength > 0 ? handle : null;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
