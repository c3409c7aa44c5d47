/**
 * Decodes unpadded, canonical base64url of at most `maxBytes` bytes (RFC 4648 §5); null for anything else, so
 * that each byte string has exactly one accepted spelling.
 */
export function decodeBase64url(text: unknown, maxBytes: number): Buffer | null {
  if (typeof text !== 'string' || text.length > Math.ceil((maxBytes * 4) / 3)) return null;
  const bytes = Buffer.from(text, 'base64url');
  // Node skips what it cannot read; only the round trip shows padding, foreign characters and stray bits.
  return bytes.toString('base64url') === text ? bytes : null;
}

const PADDED = /^([^=]*)(={1,2})$/;

/** The same, and padded to a multiple of four characters as well (RFC 4648 §3.2), which many libraries write. */
export function decodePaddedBase64url(text: unknown, maxBytes: number): Buffer | null {
  if (typeof text !== 'string' || text.length > Math.ceil(maxBytes / 3) * 4) return null;
  const unpadded = text.length % 4 === 0 ? PADDED.exec(text)?.[1] : undefined;
  return decodeBase64url(unpadded ?? text, maxBytes);
}

const BASE64_ANY = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)(={0,2})$/;

/**
 * Decodes base64 or base64url, padded or not, of at most `maxBytes` bytes; null for anything else, such as a mixture of
 * the two, wrong padding or stray bits.
 */
export function decodeAnyBase64(text: unknown, maxBytes: number): Buffer | null {
  if (typeof text !== 'string' || text.length > Math.ceil(maxBytes / 3) * 4) return null;
  const padding = BASE64_ANY.exec(text)?.[1];
  if (padding === undefined || (padding && text.length % 4 !== 0)) return null;
  const unpadded = text.slice(0, text.length - padding.length);
  return decodeBase64url(unpadded.replaceAll('+', '-').replaceAll('/', '_'), maxBytes);
}

/** Encodes bytes as unpadded base64url. */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}
