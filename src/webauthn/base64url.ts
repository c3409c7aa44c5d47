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

/** Encodes bytes as unpadded base64url. */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}
