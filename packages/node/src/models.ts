import {
  isBase64,
  isCount,
  isDate,
  isFlag,
  isId,
  isListOf,
  isNonEmpty,
  isObject,
  isText,
  type Json,
  orNothing,
  read,
  readOwn,
} from './answers.js';

/** The statuses of a user. */
export const UserStatus = { Active: 'active', Inactive: 'inactive', Pending: 'pending' } as const;
/** One of {@link UserStatus}. */
export type UserStatus = (typeof UserStatus)[keyof typeof UserStatus];

/** Kinds of passkeys: synced, on a security key, or on one device. */
export const WebAuthnType = {
  Passkey: 'passkey',
  SecurityKey: 'security_key',
  Platform: 'platform',
} as const;
/** One of {@link WebAuthnType}. */
export type WebAuthnType = (typeof WebAuthnType)[keyof typeof WebAuthnType];

// Members can be written, as they can be in the originals: code that does so has to compile.

/** The icons of a passkey on light and dark backgrounds: URLs or `data:` URIs; null where there is none. */
export interface WebAuthnIcons {
  light: string | null;
  dark: string | null;
}

/** A passkey. */
export interface WebAuthnDevice {
  id: string;
  /** Credential ID, base64url without padding. */
  credId: string;
  friendlyName: string;
  type: WebAuthnType;
  icons: WebAuthnIcons;
  usageCount: number;
  createdAt: Date;
  updatedAt: Date;
  /** Equals `createdAt` before the first sign-in. */
  lastLoginAt: Date;
  /** Keyway's own: the maker's name, whether it is synced, and how it is reached; null or empty where not told. */
  provider: string | null;
  synced: boolean | null;
  transports: string[];
}

/** A user as lists have them, without their passkeys. */
export interface ListedUser {
  /** The server's own id of the user; yours is `externalId`. */
  id: string;
  externalId: string;
  status: UserStatus;
  loginCount: number;
  createdAt: Date;
  updatedAt: Date;
  /** Equals `createdAt` before the first sign-in. */
  lastLoginAt: Date;
  userMetadata: object | null;
}

/** A user with their passkeys. */
export interface PassageUser extends ListedUser {
  webauthn: boolean;
  webauthnDevices: WebAuthnDevice[];
  webauthnTypes: WebAuthnType[];
  /** Keyway's own: what authenticators know the user by, base64url; null where not told. */
  userHandle: string | null;
  /**
   * Keyway's own: the user handles that browsers may be told all of the user's credential IDs for, base64url. Empty while a
   * passkey is being registered, and where not told.
   */
  signalUserHandles: string[];
  /** Keyway's own: the identity that the external ID is tied to; null where it is tied to none. */
  issuer: string | null;
  subject: string | null;
}

/** One page of an app's users. */
export interface UserPage {
  users: ListedUser[];
  /** From 1. */
  page: number;
  limit: number;
  /** On all pages. */
  totalUsers: number;
  /** Seconds since the epoch: give it with the next page, which then leaves out users who were made meanwhile. */
  createdBefore: number;
}

/** Reads a passkey as the protocol spells it. Throws `invalid_response`. */
export function toDevice(json: Json): WebAuthnDevice {
  const icons = read(json, 'icons', isObject);
  return {
    id: read(json, 'id', isId),
    credId: Buffer.from(read(json, 'cred_id', isBase64), 'base64').toString('base64url'),
    friendlyName: read(json, 'friendly_name', isText),
    // A later server may know more types, and more of a user's statuses.
    type: read(json, 'type', isNonEmpty) as WebAuthnType,
    icons: { light: textOrNull(icons, 'light'), dark: textOrNull(icons, 'dark') },
    usageCount: read(json, 'usage_count', isCount),
    ...dates(json),
    provider: readOwn(json, 'provider', isText),
    synced: readOwn(json, 'synced', isFlag),
    transports: readOwn(json, 'transports', isListOf(isText)) ?? [],
  };
}

/** Reads a user of a list as the protocol spells it. Throws `invalid_response`. */
export function toListedUser(json: Json): ListedUser {
  return {
    id: read(json, 'id', isId),
    externalId: read(json, 'external_id', isNonEmpty),
    status: read(json, 'status', isNonEmpty) as UserStatus,
    loginCount: read(json, 'login_count', isCount),
    ...dates(json),
    userMetadata: read(json, 'user_metadata', orNothing(isObject)) ?? null,
  };
}

/** Reads a user as the protocol spells it. Throws `invalid_response`. */
export function toUser(json: Json): PassageUser {
  return {
    ...toListedUser(json),
    webauthn: read(json, 'webauthn', isFlag),
    webauthnDevices: read(json, 'webauthn_devices', isListOf(isObject)).map(toDevice),
    webauthnTypes: read(json, 'webauthn_types', isListOf(isNonEmpty)) as WebAuthnType[],
    userHandle: readOwn(json, 'user_handle', isUserHandle),
    signalUserHandles: readOwn(json, 'signal_user_handles', isListOf(isUserHandle)) ?? [],
    issuer: readOwn(json, 'issuer', isNonEmpty),
    subject: readOwn(json, 'subject', isNonEmpty),
  };
}

/** Reads a list as the protocol spells it. Throws `invalid_response`. */
export function toUserPage(json: Json): UserPage {
  return {
    users: read(json, 'users', isListOf(isObject)).map(toListedUser),
    page: read(json, 'page', isCount),
    limit: read(json, 'limit', isCount),
    totalUsers: read(json, 'total_users', isCount),
    createdBefore: read(json, 'created_before', isCount),
  };
}

/** 1 to 64 bytes, base64url without padding. */
const isUserHandle = (value: unknown): value is string =>
  isText(value) && /^(?=.{2,86}$)(?:[\w-]{4})*(?:[\w-]{2,3})?$/.test(value);

const dates = (json: Json) => ({
  createdAt: new Date(read(json, 'created_at', isDate)),
  updatedAt: new Date(read(json, 'updated_at', isDate)),
  lastLoginAt: new Date(read(json, 'last_login_at', isDate)),
});

const textOrNull = (json: Json, member: string): string | null =>
  read(json, member, orNothing(isText)) ?? null;
