import { Refusal } from '../../errors/refusal.js';
import type { FlexUserStatus } from '../../flex/users/flex-user.entity.js';
import type { DeviceKind } from '../legacy-device.entity.js';

/** Moments are RFC 3339 in UTC, to the microsecond at most; null where a row does not tell. */
export type Moment = string;

export interface UserRow {
  readonly kind: 'user';
  readonly externalId: string;
  readonly id: string | null;
  readonly userHandle: Buffer | null;
  readonly status: FlexUserStatus;
  readonly loginCount: number;
  readonly lastLoginAt: Moment | null;
  readonly createdAt: Moment | null;
  readonly updatedAt: Moment | null;
}

export interface PasskeyRow {
  readonly kind: 'passkey';
  readonly externalId: string;
  readonly id: string | null;
  readonly credentialId: Buffer;
  /** COSE_Key bytes, verified. */
  readonly publicKey: Buffer;
  readonly algorithm: number;
  /** Null where it is not known, and is to be learnt at a sign-in. */
  readonly userHandle: Buffer | null;
  readonly counter: number;
  readonly aaguid: string;
  readonly transports: readonly string[];
  readonly attachment: string | null;
  readonly backupEligible: boolean | null;
  readonly backedUp: boolean | null;
  readonly attestationFormat: string;
  readonly attestationTrust: string;
  readonly friendlyName: string;
  readonly usageCount: number;
  readonly lastLoginAt: Moment | null;
  readonly createdAt: Moment | null;
  readonly updatedAt: Moment | null;
}

/** A passkey whose key stayed behind. */
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

/** A credential that was revoked. */
export interface TombstoneRow {
  readonly kind: 'tombstone';
  /** SHA-256 of the credential ID (32 bytes). */
  readonly credentialHash: Buffer;
  readonly revokedAt: Moment | null;
}

export type TransferRow = UserRow | PasskeyRow | LegacyDeviceRow | TombstoneRow;

/** A member of a row, by the name it has in files. */
export type MemberName =
  | 'external_id'
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
  | 'friendly_name'
  | 'kind'
  | 'status'
  | 'login_count'
  | 'usage_count'
  | 'created_at'
  | 'updated_at'
  | 'last_login_at'
  | 'revoked_at';

/** Why a row was not taken in: a stable code, as reports have it. */
export type RowRefusalCode =
  // what the row is
  | 'row_too_long'
  | 'malformed_row'
  | 'unknown_type'
  | 'unknown_member'
  | 'invalid_backup_flags'
  | 'private_key'
  | 'unsupported_public_key'
  | `invalid_${MemberName}`
  // what is here already
  | 'credential_revoked'
  | 'credential_in_use'
  | 'credential_of_another_user'
  | 'credential_key_differs'
  | 'device_id_taken'
  | 'user_id_taken'
  | 'user_active'
  | 'user_refused'
  | 'user_handle_taken';

/** One row that is refused; the others go on. The sentence holds nothing of the row but names of its members. */
export class RowRefusal extends Refusal {
  override readonly name = 'RowRefusal';
  /** Whose row it is, if it is a user's own: nothing of theirs may then be taken in as if they were new. */
  externalId: string | null = null;

  constructor(
    readonly reason: RowRefusalCode,
    sentence: string,
  ) {
    super(sentence);
  }
}

/** Reads or places a user's own row; what is refused of it says whose it is. */
export function ofUser<T>(externalId: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RowRefusal) error.externalId = externalId;
    throw error;
  }
}

const UNSHOWN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** What a file has, for a sentence: `\ufffd` for characters that cannot be shown, and at most `max` of them all. */
export function excerpt(text: string, max: number): string {
  const characters = [...text.slice(0, 2 * max + 1)];
  const kept = characters.length > max ? [...characters.slice(0, max - 1), '…'] : characters;
  return kept.join('').replace(UNSHOWN, '\ufffd');
}

/** What a file has at one place: a row, or why there is none. Lines are counted from 1. */
export interface SourceRow {
  readonly line: number;
  readonly row: TransferRow | RowRefusal;
}

/** Reads one row; a refusal is an answer like any other, everything else that is thrown goes on. */
export const sourceRow = (line: number, read: () => TransferRow): SourceRow => {
  try {
    return { line, row: read() };
  } catch (error) {
    if (error instanceof RowRefusal) return { line, row: error };
    throw error;
  }
};
