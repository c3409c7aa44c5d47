import type { Passkey, UserPasskeys } from '../flex/devices/passkey.js';

/** A passkey as the user's API gives it, in the members and spelling of Passage's documentation, then our own. */
export interface WebAuthnDevice {
  /** Like the other moments: ISO 8601 in UTC. As text, since a `Date` slows the serialisation of all that is around it. */
  readonly createdAt: string;
  readonly credId: string;
  readonly friendlyName: string;
  readonly icons: { readonly light: string | null; readonly dark: string | null };
  readonly id: string;
  readonly lastLoginAt: string | null;
  readonly type: 'passkey' | 'security_key' | 'platform';
  readonly updatedAt: string;
  readonly usageCount: number;
  readonly provider: string | null;
  readonly synced: boolean | null;
  readonly transports: readonly string[];
}

/** The argument of `PublicKeyCredential.signalAllAcceptedCredentials`: always all of the user's credentials. */
export interface AcceptedCredentialsSignal {
  readonly rpId: string;
  readonly userId: string;
  readonly allAcceptedCredentialIds: readonly string[];
}

/** The JSON of a passkey for the user's API. */
export const toWebAuthnDevice = (device: Passkey): WebAuthnDevice => ({
  createdAt: device.createdAt.toISOString(),
  credId: device.credId,
  friendlyName: device.friendlyName,
  icons: { light: device.icons.light, dark: device.icons.dark },
  id: device.id,
  lastLoginAt: device.lastLoginAt?.toISOString() ?? null,
  type: device.type,
  updatedAt: device.updatedAt.toISOString(),
  usageCount: device.usageCount,
  provider: device.provider,
  synced: device.synced,
  transports: device.transports,
});

/** What lets a browser forget revoked passkeys; null where the provider does not tell RP ID and user handle. */
export function toSignal({ rpId, userHandle, devices }: UserPasskeys): AcceptedCredentialsSignal | null {
  if (rpId === null || userHandle === null) return null;
  return { rpId, userId: userHandle, allAcceptedCredentialIds: devices.map(({ credId }) => credId) };
}
