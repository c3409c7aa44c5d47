import type { PasskeyType } from '../../authenticators/passkey-type.js';

/** A passkey as its owner may see it. */
export interface DeviceDetails {
  readonly id: string;
  /** Base64url without padding. */
  readonly credId: string;
  readonly friendlyName: string;
  readonly type: PasskeyType;
  /** URLs on this server. */
  readonly icons: { readonly light: string | null; readonly dark: string | null };
  readonly usageCount: number;
  /** Null until the first sign-in. */
  readonly lastLoginAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** The make of the authenticator by its AAGUID; for display, never for trust. */
  readonly provider: string | null;
  /** Backup state: whether copies exist on other devices; null while unknown. */
  readonly synced: boolean | null;
  readonly transports: readonly string[];
}

/** All passkeys of one user, with what a browser needs to forget those that are gone. */
export interface UserDevices {
  readonly rpId: string;
  /** Base64url without padding. */
  readonly userHandle: string;
  readonly devices: readonly DeviceDetails[];
}

/** A row as the queries of this folder select it. */
export interface DeviceRow {
  readonly id: string;
  readonly credentialId: Buffer;
  readonly friendlyName: string;
  readonly aaguid: string;
  readonly attachment: 'platform' | 'cross-platform' | null;
  readonly transports: string[];
  readonly backupEligible: boolean | null;
  readonly backedUp: boolean | null;
  readonly usageCount: number;
  readonly lastLoginAt: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The columns of a `DeviceRow`, for a query that calls the table `d`. */
export const DEVICE_COLUMNS = `d.id, d.credential_id as "credentialId", d.friendly_name as "friendlyName", d.aaguid,
  d.attachment, d.transports, d.backup_eligible as "backupEligible", d.backed_up as "backedUp",
  d.usage_count as "usageCount", d.last_login_at as "lastLoginAt", d.created_at as "createdAt",
  d.updated_at as "updatedAt"`;
