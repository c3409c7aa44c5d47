import { Refusal } from '../errors/refusal.js';

/** Why a ceremony was refused: a stable code for audit events, metrics and logs, never for end users. */
export type RefusalReason =
  | 'malformed_response'
  | 'malformed_client_data'
  | 'malformed_cbor'
  | 'malformed_authenticator_data'
  | 'malformed_key'
  | 'credential_id_mismatch'
  | 'credential_id_too_long'
  | 'user_handle_missing'
  | 'user_handle_mismatch'
  | 'user_handle_unknown'
  | 'type_mismatch'
  | 'challenge_mismatch'
  | 'origin_not_allowed'
  | 'cross_origin'
  | 'top_origin_not_allowed'
  | 'rp_id_mismatch'
  | 'user_not_present'
  | 'user_not_verified'
  | 'backup_flags_invalid'
  | 'backup_eligibility_changed'
  | 'algorithm_not_offered'
  | 'attestation_format_unsupported'
  | 'attestation_invalid'
  | 'signature_invalid';

type RegistrationStep = 3 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 13 | 14 | 15 | 16 | 17 | 20 | 21 | 22 | 25;
type AuthenticationStep = 3 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18 | 19 | 21;

/** A step of WebAuthn Level 3 that refuses something, such as `7.1-8` for step 8 of §7.1. */
export type SpecificationStep = `7.1-${RegistrationStep}` | `7.2-${AuthenticationStep}`;

/**
 * The only error that an untrusted response causes in this folder; every other error is a mistake of ours. It holds
 * nothing of the response, except that `cause` may quote it: log the cause at most.
 */
export class CeremonyRefusal extends Refusal {
  override readonly name = 'CeremonyRefusal';
  /**
   * What is wrong in the form of the response, which its author can mend: a sentence that quotes nothing of it. Null if the
   * response is well-formed but proves nothing, which is not explained.
   */
  readonly detail: string | null;

  constructor(
    override readonly reason: RefusalReason,
    readonly step: SpecificationStep,
    options?: ErrorOptions,
  ) {
    super(`Ceremony refused: ${reason} (WebAuthn Level 3, step ${step})`, options);
    this.detail = detailOf(reason, step);
  }
}

/** A response with a member that is missing, or cannot be decoded. */
export class MalformedResponse extends CeremonyRefusal {
  /** @param detail a sentence that names the member, and quotes nothing of the response. */
  constructor(
    reason: RefusalReason,
    step: SpecificationStep,
    override readonly detail: string,
  ) {
    super(reason, step);
  }
}

/** What is wrong in the bytes of a member. */
function detailOf(reason: RefusalReason, step: SpecificationStep): string | null {
  const member = step.startsWith('7.1') ? 'attestationObject' : 'authenticatorData';
  switch (reason) {
    case 'malformed_client_data':
      return 'handshake_response.response.clientDataJSON must be client data: JSON in UTF-8 with members of the right types.';
    case 'malformed_cbor':
    case 'malformed_authenticator_data':
      return `handshake_response.response.${member} cannot be read: it is cut short, too long or not in CBOR as CTAP 2 has it.`;
    case 'malformed_key':
      return `handshake_response.response.${member} has a public key that is malformed.`;
    default:
      return null;
  }
}

/** Refuses an attestation statement (§7.1 step 22). `why`, a sentence or what was thrown, becomes the cause. */
export const attestationInvalid = (why: unknown): CeremonyRefusal =>
  new CeremonyRefusal('attestation_invalid', '7.1-22', {
    cause: typeof why === 'string' ? new Error(why) : why,
  });
