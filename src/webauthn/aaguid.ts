/** The form in which AAGUIDs are kept: a lower-case UUID. */
export const AAGUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** The AAGUID of an authenticator that does not disclose its model. */
export const ZERO_AAGUID = '00000000-0000-0000-0000-000000000000';

/** An AAGUID of 16 bytes as a lower-case UUID (WebAuthn Level 3 §6.5.1). */
export function formatAaguid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
