/** What a passkey is to the user: synced by a provider, on a key of its own, or part of this one device. */
export type PasskeyType = 'passkey' | 'security_key' | 'platform';

/** What the registration said; display only, as none of it but backup eligibility is signed. */
export interface PasskeyTraits {
  readonly backupEligible: boolean | null;
  /** `authenticatorAttachment` of WebAuthn, or any other text. */
  readonly attachment?: string | null;
  /** As `getTransports()` gave them. */
  readonly transports?: readonly string[] | null;
}

const ROAMING = new Set(['usb', 'nfc', 'ble']);

/** The type shown for a passkey; what is not known to be anything else is `platform`. */
export function passkeyType({ backupEligible, attachment, transports }: PasskeyTraits): PasskeyType {
  if (backupEligible) return 'passkey';
  const roams = attachment === 'cross-platform' || transports?.some((transport) => ROAMING.has(transport));
  return roams ? 'security_key' : 'platform';
}
