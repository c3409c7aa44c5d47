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
export class RowRefusal extends Error {
  override readonly name = 'RowRefusal';
  /** Whose row it is, if it is a user's own: nothing of theirs may then be taken in as if they were new. */
  externalId: string | null = null;

  constructor(
    readonly code: RowRefusalCode,
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
