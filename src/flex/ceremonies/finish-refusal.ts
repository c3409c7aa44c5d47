import { Refusal } from '../../errors/refusal.js';

/** Why a ceremony was refused although its response may be right: for the log and the audit trail only. */
export type FinishRefusalReason =
  // the handshake
  | 'handshake_invalid'
  | 'handshake_of_other_kind'
  | 'handshake_of_other_app'
  | 'handshake_expired'
  | 'handshake_of_the_future'
  | 'handshake_spent'
  | 'rp_id_changed'
  | 'aaguid_lists_changed'
  | 'transaction_missing'
  | 'conditional_create_off'
  // the credential
  | 'credential_unknown'
  | 'credential_not_allowed'
  | 'credential_revoked'
  | 'credential_id_in_use'
  | 'clone_suspected'
  | 'user_handle_mismatch'
  // the authenticator
  | 'authenticator_not_allowed'
  | 'attestation_untrusted';

/** A ceremony that is refused for what is stored or configured here, rather than for its response. */
export class FinishRefusal extends Refusal {
  override readonly name = 'FinishRefusal';

  constructor(readonly reason: FinishRefusalReason) {
    super(reason);
  }
}
