import type { FlexUserStatus } from '../users/flex-user.entity.js';
import { RowRefusal } from './row-refusal.js';

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
  readonly deviceKind: string | null;
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
