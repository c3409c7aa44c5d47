import { Refusal } from '../../errors/refusal.js';
import type { NameCode } from '../../flex/devices/device.entity.js';
import type { FlexUserStatus } from '../../flex/users/flex-user.entity.js';
import type { DeviceKind } from '../legacy-device.entity.js';

/** A time of RFC 3339 in UTC, with six decimals at most. It is null in a row that does not have it. */
export type Moment = string;

/** Whose tokens name the user; the issuer is null where the file leaves it to the import. */
export interface RowIdentity {
  readonly subject: string;
  readonly issuer: string | null;
}

/** A user as a file describes one; `userHandle` is null if it is unknown. */
export interface UserRow {
  readonly kind: 'user';
  readonly externalId: string;
  readonly identity: RowIdentity | null;
  readonly id: string | null;
  readonly userHandle: Buffer | null;
  readonly status: FlexUserStatus;
  readonly loginCount: number;
  readonly lastLoginAt: Moment | null;
  readonly createdAt: Moment | null;
  readonly updatedAt: Moment | null;
}

/** A passkey with its public key; its backup flags are null if they are unknown. */
export interface PasskeyRow {
  readonly kind: 'passkey';
  readonly externalId: string;
  readonly identity: RowIdentity | null;
  readonly id: string | null;
  readonly credentialId: Buffer;
  /** COSE_Key bytes, verified. */
  readonly publicKey: Buffer;
  readonly algorithm: number;
  /** Null if unknown: a sign-in then shows it. */
  readonly userHandle: Buffer | null;
  readonly counter: number;
  readonly aaguid: string;
  readonly transports: readonly string[];
  readonly attachment: string | null;
  readonly backupEligible: boolean | null;
  readonly backedUp: boolean | null;
  readonly attestationFormat: string;
  readonly attestationTrust: string;
  /** Created without asking the user, and not yet used in a sign-in that verified them. */
  readonly automatic: boolean;
  readonly friendlyName: string;
  readonly nameCode: NameCode | null;
  /** As `describeUserAgent` has it. */
  readonly createdFrom: string | null;
  readonly lastUsedFrom: string | null;
  readonly usageCount: number;
  readonly lastLoginAt: Moment | null;
  readonly createdAt: Moment | null;
  readonly updatedAt: Moment | null;
}

/** A passkey without its public key. */
export interface LegacyDeviceRow {
  readonly kind: 'legacy_device';
  readonly externalId: string;
  readonly id: string;
  readonly credentialId: Buffer | null;
  readonly friendlyName: string;
  readonly deviceKind: DeviceKind | null;
  readonly usageCount: number;
  readonly lastLoginAt: Moment | null;
  readonly createdAt: Moment | null;
  readonly updatedAt: Moment | null;
}

/** A revoked credential. */
export interface TombstoneRow {
  readonly kind: 'tombstone';
  /** SHA-256 of the credential ID (32 bytes). */
  readonly credentialHash: Buffer;
  readonly revokedAt: Moment | null;
}

/** One row of a file, in any of the formats. */
export type TransferRow = UserRow | PasskeyRow | LegacyDeviceRow | TombstoneRow;

/** A member of a row, as files name it. */
export type MemberName =
  | 'external_id'
  | 'subject'
  | 'issuer'
  | 'id'
  | 'user_handle'
  | 'credential_id'
  | 'cred_id'
  | 'credential_hash'
  | 'public_key'
  | 'sign_count'
  | 'aaguid'
  | 'transports'
  | 'attachment'
  | 'backup_eligible'
  | 'backed_up'
  | 'attestation_format'
  | 'attestation_trust'
  | 'automatic'
  | 'friendly_name'
  | 'name_code'
  | 'created_from'
  | 'last_used_from'
  | 'kind'
  | 'status'
  | 'login_count'
  | 'usage_count'
  | 'created_at'
  | 'updated_at'
  | 'last_login_at'
  | 'revoked_at';

/** Why a row was refused: a stable code, as reports have it. */
export type RowRefusalCode =
  // from the row itself
  | 'row_too_long'
  | 'malformed_row'
  | 'unknown_type'
  | 'unknown_member'
  | 'invalid_backup_flags'
  | 'private_key'
  | 'unsupported_public_key'
  | `invalid_${MemberName}`
  // from what the app already has
  | 'credential_revoked'
  | 'credential_in_use'
  | 'credential_of_another_user'
  | 'credential_key_differs'
  | 'device_id_taken'
  | 'user_id_taken'
  | 'user_active'
  | 'user_refused'
  | 'user_handle_taken'
  | 'identity_not_allowed'
  | 'identity_taken'
  | 'external_id_taken';

/** The refusal of one row; the import goes on. Its message holds nothing of the row but names of members. */
export class RowRefusal extends Refusal {
  override readonly name = 'RowRefusal';
  /** Set if the row describes a user: the import must then not create that user for one of their passkeys. */
  externalId: string | null = null;

  constructor(
    readonly reason: RowRefusalCode,
    sentence: string,
  ) {
    super(sentence);
  }
}

/** Reads or places the row that describes a user; puts the user's external ID on its refusal. */
export function ofUser<T>(externalId: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RowRefusal) error.externalId = externalId;
    throw error;
  }
}

const UNSHOWN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text of a file for a message: at most `max` characters, `\ufffd` for each that cannot be displayed. */
export function excerpt(text: string, max: number): string {
  const characters = [...text.slice(0, 2 * max + 1)];
  const kept = characters.length > max ? [...characters.slice(0, max - 1), '…'] : characters;
  return kept.join('').replace(UNSHOWN, '\ufffd');
}

/** A row of a file, or its refusal. Lines are counted from 1. */
export interface SourceRow {
  readonly line: number;
  readonly row: TransferRow | RowRefusal;
}

/** Reads one row. Returns a refusal and throws every other error. */
export const sourceRow = (line: number, read: () => TransferRow): SourceRow => {
  try {
    return { line, row: read() };
  } catch (error) {
    if (error instanceof RowRefusal) return { line, row: error };
    throw error;
  }
};
