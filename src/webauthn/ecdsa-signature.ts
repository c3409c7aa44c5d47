/**
 * Whether bytes are an ECDSA signature for P-256 in DER, as WebAuthn Level 3 §6.5.5 asks of ES256. The library's
 * parser reads BER and overlooks what follows, which would give one signature many spellings.
 */
export function isDerEcdsaSignature(bytes: Uint8Array): boolean {
  // A sequence of at most 70 bytes, whose length therefore takes one byte ...
  if (bytes[0] !== 0x30 || bytes[1] !== bytes.byteLength - 2) return false;
  // ... that holds two integers and nothing else.
  const afterR = endOfInteger(bytes, 2);
  return afterR !== null && endOfInteger(bytes, afterR) === bytes.byteLength;
}

/** Where the positive integer of at most 33 bytes at `start` ends; null if it is not one, or not in shortest form. */
function endOfInteger(bytes: Uint8Array, start: number): number | null {
  const [tag, length = 0, first = 0, second = 0] = bytes.subarray(start, start + 4);
  if (tag !== 0x02 || length < 1 || length > 33) return null;
  const isNegative = first >= 0x80;
  const isPadded = first === 0 && length > 1 && second < 0x80;
  return isNegative || isPadded ? null : start + 2 + length;
}
