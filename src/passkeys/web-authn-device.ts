import type { Passkey, UserPasskeys } from '../flex/devices/passkey.js';
import type { ErasedUser } from '../passage/passage.js';

/** A passkey as the user's API gives it, in the members and spelling of Passage's documentation, then our own. */
export interface WebAuthnDevice {
  /** Like the other moments: ISO 8601 in UTC. As text, since a `Date` slows the serialisation of all that is around it. */
  readonly createdAt: string;
  readonly credId: string;
  readonly friendlyName: string;
  /** Null once the user has named it, for a provider's name, and where the provider does not tell. */
  readonly nameCode: Passkey['nameCode'];
  readonly icons: { readonly light: string | null; readonly dark: string | null };
  readonly id: string;
  readonly lastLoginAt: string | null;
  readonly type: 'passkey' | 'security_key' | 'platform';
  readonly updatedAt: string;
  readonly usageCount: number;
  readonly provider: string | null;
  readonly synced: boolean | null;
  readonly transports: readonly string[];
  /** Null where the provider does not tell. */
  readonly automatic: boolean | null;
  /** Null where that is not known. */
  readonly createdFrom: Passkey['createdFrom'];
  readonly lastUsedFrom: Passkey['lastUsedFrom'];
}

/**
 * What `PublicKeyCredential.signalAllAcceptedCredentials` and `signalCurrentUserDetails` tell a browser of one user handle
 * (WebAuthn Level 3 §5.1.10): always all of the user's credentials, whichever handle each of them carries.
 */
export interface UserSignal {
  readonly rpId: string;
  /** The user handle. Like the credential IDs, base64url without padding. */
  readonly userId: string;
  readonly name: string;
  readonly displayName: string;
  readonly allAcceptedCredentialIds: readonly string[];
}

/** The JSON of a passkey for the user's API. */
export const toWebAuthnDevice = (device: Passkey): WebAuthnDevice => ({
  createdAt: device.createdAt.toISOString(),
  credId: device.credId,
  friendlyName: device.friendlyName,
  nameCode: device.nameCode,
  icons: { light: device.icons.light, dark: device.icons.dark },
  id: device.id,
  lastLoginAt: device.lastLoginAt?.toISOString() ?? null,
  type: device.type,
  updatedAt: device.updatedAt.toISOString(),
  usageCount: device.usageCount,
  provider: device.provider,
  synced: device.synced,
  transports: device.transports,
  automatic: device.automatic,
  createdFrom: device.createdFrom,
  lastUsedFrom: device.lastUsedFrom,
});

/** That no passkey of an erased user is left, for each user handle that they carried. */
export const toEmptySignals = (
  { rpId, signalUserHandles }: ErasedUser,
  names: Pick<UserSignal, 'name' | 'displayName'>,
): UserSignal[] =>
  rpId === null
    ? []
    : signalUserHandles.map((userId) => ({ rpId, userId, ...names, allAcceptedCredentialIds: [] }));

/** One signal for each user handle that the passkeys carry; none where the provider does not tell RP ID or handles. */
export function toSignals(
  { rpId, signalUserHandles, devices }: UserPasskeys,
  names: Pick<UserSignal, 'name' | 'displayName'>,
): UserSignal[] {
  // Without passkeys a browser would be told to forget all that the user has, such as one that is being imported.
  if (rpId === null || devices.length === 0) return [];
  const allAcceptedCredentialIds = devices.map(({ credId }) => credId);
  return signalUserHandles.map((userId) => ({ rpId, userId, ...names, allAcceptedCredentialIds }));
}
