import { timingSafeEqual } from 'node:crypto';
import { decodeBase64url, encodeBase64url } from './base64url.js';

/**
 * Whether a presented user handle is the owner's: its bytes, or the UTF-8 text of its base64url form, which is what
 * the Passage SDKs for iOS and Android hand to the platform. Compared in constant time for each length.
 */
export function isUserHandleOf(owner: Uint8Array, presented: Uint8Array): boolean {
  const [bytes, text] = userHandleForms(owner);
  return isEqual(presented, bytes) || isEqual(presented, text);
}

/** The two byte strings that a passkey of this user handle may present: its bytes, and its base64url as UTF-8 text. */
export function userHandleForms(handle: Uint8Array): readonly [bytes: Buffer, text: Buffer] {
  return [Buffer.from(handle), Buffer.from(encodeBase64url(handle), 'utf8')];
}

/** The handle whose text form these bytes are, or null if they are nobody's. */
export function userHandleOfText(text: Uint8Array): Buffer | null {
  const handle = decodeBase64url(Buffer.from(text).toString('latin1'), text.byteLength);
  return handle && handle.byteLength > 0 ? handle : null;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
