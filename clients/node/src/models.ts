/** What may become of a user. */
export const UserStatus = { Active: 'active', Inactive: 'inactive', Pending: 'pending' } as const;
export type UserStatus = (typeof UserStatus)[keyof typeof UserStatus];

/** Kinds of passkeys: synced, on a security key, or on one device. */
export const WebAuthnType = {
  Passkey: 'passkey',
  SecurityKey: 'security_key',
  Platform: 'platform',
} as const;
export type WebAuthnType = (typeof WebAuthnType)[keyof typeof WebAuthnType];

export interface WebAuthnIcons {
  readonly light: string | null;
  readonly dark: string | null;
}

/** A passkey. */
export interface WebAuthnDevice {
  readonly id: string;
  /** Credential ID, base64url without padding. */
  readonly credId: string;
  readonly friendlyName: string;
  readonly type: WebAuthnType;
  readonly icons: WebAuthnIcons;
  readonly usageCount: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Equals `createdAt` before the first sign-in. */
  readonly lastLoginAt: Date;
  /** Keyway's own: the maker's name, whether it is synced, and how it is reached; null or empty where not told. */
  readonly provider: string | null;
  readonly synced: boolean | null;
  readonly transports: readonly string[];
}

export interface PassageUser {
  /** The server's own id of the user; yours is `externalId`. */
  readonly id: string;
  readonly externalId: string;
  readonly status: UserStatus;
  readonly loginCount: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Equals `createdAt` before the first sign-in. */
  readonly lastLoginAt: Date;
  readonly userMetadata: object | null;
  readonly webauthn: boolean;
  readonly webauthnDevices: readonly WebAuthnDevice[];
  readonly webauthnTypes: readonly WebAuthnType[];
  /** Keyway's own: what authenticators know the user by, base64url; null where not told. */
  readonly userHandle: string | null;
}

/** A passkey as the protocol spells it. */
export interface DeviceJson {
  readonly id: string;
  readonly cred_id: string;
  readonly friendly_name: string;
  readonly type: WebAuthnType;
  readonly icons: WebAuthnIcons;
  readonly usage_count: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly last_login_at: string;
  readonly provider?: string | null;
  readonly synced?: boolean | null;
  readonly transports?: readonly string[];
}

/** A user as the protocol spells it. */
export interface UserJson {
  readonly id: string;
  readonly external_id: string;
  readonly status: UserStatus;
  readonly login_count: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly last_login_at: string;
  readonly user_metadata: object | null;
  readonly webauthn: boolean;
  readonly webauthn_devices: readonly DeviceJson[];
  readonly webauthn_types: readonly WebAuthnType[];
  readonly user_handle?: string | null;
}

export const toDevice = (json: DeviceJson): WebAuthnDevice => ({
  id: json.id,
  credId: json.cred_id,
  friendlyName: json.friendly_name,
  type: json.type,
  icons: { light: json.icons.light, dark: json.icons.dark },
  usageCount: json.usage_count,
  createdAt: new Date(json.created_at),
  updatedAt: new Date(json.updated_at),
  lastLoginAt: new Date(json.last_login_at),
  provider: json.provider ?? null,
  synced: json.synced ?? null,
  transports: json.transports ?? [],
});

export const toUser = (json: UserJson): PassageUser => ({
  id: json.id,
  externalId: json.external_id,
  status: json.status,
  loginCount: json.login_count,
  createdAt: new Date(json.created_at),
  updatedAt: new Date(json.updated_at),
  lastLoginAt: new Date(json.last_login_at),
  userMetadata: json.user_metadata,
  webauthn: json.webauthn,
  webauthnDevices: json.webauthn_devices.map(toDevice),
  webauthnTypes: json.webauthn_types,
  userHandle: json.user_handle ?? null,
});
