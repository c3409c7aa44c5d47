import { createHash } from 'node:crypto';
import { parseAuthenticatorData, verifyAuthenticatorData } from './authenticator-data.js';
import { AUTHENTICATION } from './ceremony.js';
import { CeremonyRefusal } from './ceremony-refusal.js';
import { verifyClientData } from './client-data.js';
import { isSignedByCredential } from './credential-key.js';
import { PresentedAuthentication, readAuthentication } from './presented-response.js';
import { RelyingParty } from './relying-party.js';
import { isUserHandleOf } from './user-handle.js';

/** The stored credential that an authentication is verified against, and its owner. */
export interface StoredCredential {
  readonly id: Uint8Array;
  /** The COSE_Key stored at registration. */
  readonly publicKey: Uint8Array;
  /** As stored at registration; null where it is not known yet and is to be learnt. */
  readonly backupEligible: boolean | null;
  /** The user handle that the passkey was made with, in bytes; null where it is not known yet and is to be learnt. */
  readonly userHandle: Uint8Array | null;
}

/** What an authentication has to answer to: the ceremony that was begun, the app's present policy, the credential. */
export interface ExpectedAuthentication {
  /** The challenge that was issued, unpadded base64url. */
  readonly challenge: string;
  readonly relyingParty: RelyingParty;
  readonly requireUserVerification: boolean;
  /** The row found by {@link presentedCredentialId}. */
  readonly credential: StoredCredential;
  /** True for a discoverable sign-in, where the server named no user beforehand. */
  readonly userHandleRequired: boolean;
}

/** What an authentication proved. */
export interface VerifiedAuthentication {
  /** The new signature counter, not yet compared with the stored one (§7.2 step 22). */
  readonly counter: number;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  /** As presented, in either of its forms; null where none was. It is not covered by the signature. */
  readonly userHandle: Buffer | null;
}

/**
 * Verifies an untrusted authentication response by WebAuthn Level 3 §7.2, steps 3 to 21 without step 5: whether the
 * credential was among those allowed is the caller's to know. Step 22, the signature counter, is left to the statement
 * that updates it. Throws `CeremonyRefusal` and nothing else for any response.
 */
export async function verifyAuthentication(
  response: unknown,
  expected: ExpectedAuthentication,
): Promise<VerifiedAuthentication> {
  // Step 3: the response is that of an authentication.
  const presented = readAuthentication(response);

  // Step 6: the credential is the stored one; its owner is who the passkey says.
  if (!presented.credentialId.equals(expected.credential.id)) {
    throw new CeremonyRefusal('credential_id_mismatch', '7.2-6');
  }
  requireOwner(presented, expected);

  // Steps 7 to 14: type, challenge, origin and frame.
  const data = parseAuthenticatorData(presented.authenticatorData, '7.2-7');
  verifyClientData(presented.clientDataJSON, AUTHENTICATION, expected);

  // Steps 15 to 18: RP ID, user presence and verification, backup state.
  verifyAuthenticatorData(data, AUTHENTICATION, expected);

  // Step 19: whether a credential can be backed up never changes.
  const { backupEligible } = expected.credential;
  if (backupEligible !== null && backupEligible !== data.backupEligible) {
    throw new CeremonyRefusal('backup_eligibility_changed', '7.2-19');
  }

  // Steps 20 and 21: the signature, over the authenticator data and the hash of the client data.
  const clientDataHash = createHash('sha256').update(presented.clientDataJSON).digest();
  const signed = Buffer.concat([presented.authenticatorData, clientDataHash]);
  if (!(await isSignedByCredential(expected.credential.publicKey, signed, presented.signature))) {
    throw new CeremonyRefusal('signature_invalid', '7.2-21');
  }

  const { counter, backedUp } = data;
  const { userHandle } = presented;
  return { counter, backupEligible: data.backupEligible, backedUp, userHandle };
}

function requireOwner({ userHandle }: PresentedAuthentication, expected: ExpectedAuthentication): void {
  if (userHandle === null) {
    if (expected.userHandleRequired) throw new CeremonyRefusal('user_handle_missing', '7.2-6');
    return;
  }
  const { userHandle: known } = expected.credential;
  if (known === null) {
    // Where nothing but the response says whose the passkey is, there is nothing to compare it with.
    if (expected.userHandleRequired) throw new CeremonyRefusal('user_handle_unknown', '7.2-6');
    return;
  }
  if (!isUserHandleOf(known, userHandle)) {
    throw new CeremonyRefusal('user_handle_mismatch', '7.2-6');
  }
}
