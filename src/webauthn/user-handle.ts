import { timingSafeEqual } from 'node:crypto';
import { encodeBase64url } from './base64url.js';

/**
 * Whether a presented user handle is the owner's: its bytes, or the UTF-8 text of its base64url form, which is what
 * the Passage SDKs for iOS and Android hand to the platform. Compared in constant time for each length.
 */
export function isUserHandleOf(owner: Uint8Array, presented: Uint8Array): boolean {
  return isEqual(presented, owner) || isEqual(presented, Buffer.from(encodeBase64url(owner), 'utf8'));
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
