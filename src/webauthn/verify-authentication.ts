import { createHash } from 'node:crypto';
import { AuthenticatorData, parseAuthenticatorData, verifyAuthenticatorData } from './authenticator-data.js';
import { AUTHENTICATION } from './ceremony.js';
import { CeremonyRefusal } from './ceremony-refusal.js';
import { parseClientData, verifyClientData } from './client-data.js';
import { isSignedByCredential } from './credential-key.js';
import { PresentedAuthentication, readAuthentication } from './presented-response.js';
import { RelyingParty } from './relying-party.js';
import { isUserHandleOf } from './user-handle.js';

/** The stored credential that an authentication is verified against. */
export interface StoredCredential {
  readonly id: Uint8Array;
  /** The COSE_Key stored at registration. */
  readonly publicKey: Uint8Array;
  /** From the registration; null if it is unknown, as for an imported passkey until its first sign-in. */
  readonly backupEligible: boolean | null;
  /** The user handle in bytes that the passkey was registered with; null if it is unknown. */
  readonly userHandle: Uint8Array | null;
}

/** What an authentication is verified against: the started ceremony, the app's present policy, the credential. */
export interface ExpectedAuthentication {
  /** The challenge that was issued, unpadded base64url. */
  readonly challenge: string;
  readonly relyingParty: RelyingParty;
  readonly requireUserVerification: boolean;
  /** The one found by {@link presentedCredentialId}. */
  readonly credential: StoredCredential;
  /** What becomes of a credential with another backup eligibility than at its registration (§7.2 step 19). */
  readonly backupEligibilityChange: 'record' | 'refuse';
  /** True for a discoverable sign-in, where only the passkey names the user. */
  readonly userHandleRequired: boolean;
}

/** What a verified authentication proves. */
export interface VerifiedAuthentication {
  /** The new signature counter, not yet compared with the stored one (§7.2 step 22). */
  readonly counter: number;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  /** Whether the stored credential has another backup eligibility; false where it has none. */
  readonly isBackupEligibilityChanged: boolean;
  readonly userVerified: boolean;
  /** As presented, in either of its two forms; null if there was none. No signature covers it. */
  readonly userHandle: Buffer | null;
}

/**
 * The credential ID, in bytes, of an untrusted authentication response that is well-formed throughout. To be asked before the
 * credential is: what is said of a response's form then does not tell whether there is one. Throws `CeremonyRefusal`.
 */
export function credentialIdOfWellFormed(response: unknown): Buffer {
  const { credentialId, authenticatorData, clientDataJSON } = readAuthentication(response);
  parseAuthenticatorData(authenticatorData, AUTHENTICATION.authenticatorData);
  parseClientData(clientDataJSON, AUTHENTICATION);
  return credentialId;
}

/**
 * Verifies an untrusted authentication response by steps 3 to 21 of WebAuthn Level 3 §7.2. The caller does step 5, whether
 * the credential was allowed, and step 22, the signature counter. Throws `CeremonyRefusal` for every response that it
 * does not accept; any other error is a mistake of ours or a stored key that cannot be read.
 */
export async function verifyAuthentication(
  response: unknown,
  expected: ExpectedAuthentication,
): Promise<VerifiedAuthentication> {
  // Step 3: the response is that of an authentication.
  const presented = readAuthentication(response);

  // Step 6: the credential is the stored one, and the user handle is its owner's.
  if (!presented.credentialId.equals(expected.credential.id)) {
    throw new CeremonyRefusal('credential_id_mismatch', '7.2-6');
  }
  requireOwner(presented, expected);

  // Steps 7 to 18: what the browser and the authenticator say of this ceremony.
  const data = verifyCeremony(presented, expected);

  // Step 19: backup eligibility has not changed, or the policy allows it.
  const { backupEligible } = expected.credential;
  const isBackupEligibilityChanged = backupEligible !== null && backupEligible !== data.backupEligible;
  if (isBackupEligibilityChanged && expected.backupEligibilityChange === 'refuse') {
    throw new CeremonyRefusal('backup_eligibility_changed', '7.2-19');
  }

  // Steps 20 and 21: the signature, over the authenticator data and the hash of the client data.
  const clientDataHash = createHash('sha256').update(presented.clientDataJSON).digest();
  const signed = Buffer.concat([presented.authenticatorData, clientDataHash]);
  if (!(await isSignedByCredential(expected.credential.publicKey, signed, presented.signature))) {
    throw new CeremonyRefusal('signature_invalid', '7.2-21');
  }

  const { counter, backedUp, userVerified } = data;
  const { userHandle } = presented;
  return {
    counter,
    backupEligible: data.backupEligible,
    backedUp,
    isBackupEligibilityChanged,
    userVerified,
    userHandle,
  };
}

/**
 * What an untrusted response of a credential that is not known presents, if all holds that needs no credential: steps 3 and
 * 7 to 18 of WebAuthn Level 3 §7.2. Null otherwise. It proves nothing, as there is no key to verify its signature with.
 */
export function readUnproven(response: unknown, expected: ExpectedCeremony): PresentedAuthentication | null {
  try {
    const presented = readAuthentication(response);
    verifyCeremony(presented, expected);
    return presented;
  } catch (error) {
    if (error instanceof CeremonyRefusal) return null;
    throw error;
  }
}

type ExpectedCeremony = Pick<
  ExpectedAuthentication,
  'challenge' | 'relyingParty' | 'requireUserVerification'
>;

function verifyCeremony(presented: PresentedAuthentication, expected: ExpectedCeremony): AuthenticatorData {
  // Steps 7 to 14: type, challenge, origin and frame.
  const data = parseAuthenticatorData(presented.authenticatorData, '7.2-7');
  verifyClientData(presented.clientDataJSON, AUTHENTICATION, expected);

  // Steps 15 to 18: RP ID, user presence and verification, backup state.
  verifyAuthenticatorData(data, AUTHENTICATION, { ...expected, requireUserPresence: true });
  return data;
}

function requireOwner({ userHandle }: PresentedAuthentication, expected: ExpectedAuthentication): void {
  if (userHandle === null) {
    if (expected.userHandleRequired) throw new CeremonyRefusal('user_handle_missing', '7.2-6');
    return;
  }
  const { userHandle: known } = expected.credential;
  if (known === null) {
    // In a discoverable sign-in, an unknown owner could not be told from any other user.
    if (expected.userHandleRequired) throw new CeremonyRefusal('user_handle_unknown', '7.2-6');
    return;
  }
  if (!isUserHandleOf(known, userHandle)) {
    throw new CeremonyRefusal('user_handle_mismatch', '7.2-6');
  }
}
