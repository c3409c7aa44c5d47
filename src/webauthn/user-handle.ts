import { randomBytes, timingSafeEqual } from 'node:crypto';
import { decodeBase64url, encodeBase64url } from './base64url.js';

/** Shorter texts may well be another user's handle by chance. */
const MIN_DECODED_BYTES = 16;

/**
 * A new user handle: the ASCII bytes of 32 random bytes written as 43 characters of base64url. The Passage
 * SDK for iOS leaves out a handle that is not UTF-8, so that a handle of any bytes could not sign in there.
 */
export const makeUserHandle = (): Buffer => Buffer.from(encodeBase64url(randomBytes(32)), 'ascii');

/** Whether a presented user handle is the owner's in one of its forms, each compared in constant time. */
export function isUserHandleOf(owner: Uint8Array, presented: Uint8Array): boolean {
  return userHandleForms(owner).some((form) => isEqual(presented, form));
}

/**
 * The byte strings that a passkey may present for this user handle, all different: its bytes; its base64url as text, with
 * which the Passage SDK for iOS makes passkeys; and, where the handle is itself base64url text of 16 bytes or more, those
 * bytes, as that SDK answers with the handle's text in the place of its base64url.
 */
export function userHandleForms(handle: Uint8Array): readonly Buffer[] {
  const decoded = decodeBase64url(Buffer.from(handle).toString('latin1'), handle.byteLength);
  return [
    Buffer.from(handle),
    Buffer.from(encodeBase64url(handle), 'ascii'),
    ...(decoded && decoded.byteLength >= MIN_DECODED_BYTES ? [decoded] : []),
  ];
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
