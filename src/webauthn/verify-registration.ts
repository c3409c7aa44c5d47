import { createHash } from 'node:crypto';
import { formatAaguid } from './aaguid.js';
import { parseAttestationObject, verifyAttestationStatement } from './attestation/attestation-statement.js';
import {
  type AttestationTrust,
  attestationTrust,
  type AuthenticatorModels,
} from './attestation/attestation-trust.js';
import { AttestedCredential, parseAuthenticatorData, verifyAuthenticatorData } from './authenticator-data.js';
import { REGISTRATION } from './ceremony.js';
import { attestationInvalid, CeremonyRefusal } from './ceremony-refusal.js';
import { verifyClientData } from './client-data.js';
import { verifyCredentialKey } from './credential-key.js';
import { MAX_CREDENTIAL_ID_BYTES, PresentedRegistration, readRegistration } from './presented-response.js';
import { RelyingParty } from './relying-party.js';

/** What a registration is verified against: the started ceremony and the app's present policy. */
export interface ExpectedRegistration {
  /** The challenge that was issued, unpadded base64url. */
  readonly challenge: string;
  readonly relyingParty: RelyingParty;
  readonly requireUserVerification: boolean;
  /** Whether it was asked for with `mediation: 'conditional'`: the user may then not have been present (§7.1 step 15). */
  readonly isConditional: boolean;
  /** COSE algorithm identifiers that were offered. */
  readonly algorithms: readonly number[];
  /** Whether a certificate that is not as its format has it refuses the registration: where an attestation was asked for. */
  readonly judgesAttestation: boolean;
  /** Models of authenticators to trust; without them, no attestation is trusted. */
  readonly models?: AuthenticatorModels | null;
}

/** A new credential as its registration proves it, ready to be stored. */
export interface VerifiedRegistration {
  /** 1 to 1023 bytes. */
  readonly credentialId: Buffer;
  /** The COSE_Key. */
  readonly publicKey: Buffer;
  /** COSE algorithm identifier of the key. */
  readonly algorithm: number;
  /** Signature counter; 0 if the authenticator does not count. */
  readonly counter: number;
  /** Lower-case UUID; zeros if the authenticator does not disclose it. Proven only if the attestation is trusted. */
  readonly aaguid: string;
  /** At most 8 distinct tokens such as `internal`; unproven hints from the client. */
  readonly transports: string[];
  /** An unproven hint from the client; null if it sent none. */
  readonly attachment: 'platform' | 'cross-platform' | null;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly userVerified: boolean;
  /** Attestation statement format, such as `none`. The statement is verified for every format. */
  readonly attestationFormat: string;
  readonly attestationTrust: AttestationTrust;
  /** The origin that ran the ceremony. */
  readonly origin: string;
}

/**
 * Verifies an untrusted registration response by steps 3 to 25 of WebAuthn Level 3 §7.1. The caller does step 26, that the
 * credential ID is not registered yet, and decides on an untrusted attestation. Makes no network call. Throws
 * `CeremonyRefusal` for every response that it does not accept; any other error is a mistake of ours.
 */
export async function verifyRegistration(
  response: unknown,
  expected: ExpectedRegistration,
): Promise<VerifiedRegistration> {
  // Step 3: the response is that of a registration.
  const presented = readRegistration(response);

  // Steps 5 to 11: type, challenge, origin and frame.
  const { origin } = verifyClientData(presented.clientDataJSON, REGISTRATION, expected);

  // Step 13: the attestation object and the authenticator data in it.
  const attestation = parseAttestationObject(presented.attestationObject);
  const data = parseAuthenticatorData(attestation.authenticatorData, '7.1-13');

  // Steps 14 to 17: RP ID, user presence and verification, backup state.
  verifyAuthenticatorData(data, REGISTRATION, { ...expected, requireUserPresence: !expected.isConditional });
  const credential = requireAttestedCredential(data.attestedCredential);

  // Step 20: the key is sound, and its algorithm was offered.
  const algorithm = verifyCredentialKey(credential.publicKey, expected.algorithms);

  // Steps 12, 21 and 22: the attestation statement, over the hash of the client data.
  const clientDataHash = createHash('sha256').update(presented.clientDataJSON).digest();
  const { authenticatorData, format } = attestation;
  const { publicKey } = credential;
  const signed = Buffer.concat([authenticatorData, clientDataHash]);
  const { credentialId, aaguid } = credential;
  const { rpIdHash } = data;
  const attested = { publicKey, algorithm, credentialId, aaguid, rpIdHash, clientDataHash, signed };
  const { chain, objection } = await verifyAttestationStatement(attestation, attested);
  if (objection && expected.judgesAttestation) throw attestationInvalid(objection);

  // Steps 23 and 24: how far the attestation is trusted. This refuses nothing.
  const model = { format, aaguid: formatAaguid(aaguid), chain, isOdd: objection !== null };
  const trust = attestationTrust(model, expected.models ?? null);

  // Step 25: the credential ID is not too long, and the response and the authenticator data have the same.
  requireSameCredentialId(credential, presented);

  const { transports, attachment } = presented;
  const { counter, backupEligible, backedUp, userVerified } = data;
  return {
    credentialId: Buffer.from(credentialId),
    publicKey: Buffer.from(publicKey),
    algorithm,
    counter,
    aaguid: model.aaguid,
    transports,
    attachment,
    backupEligible,
    backedUp,
    userVerified,
    attestationFormat: format,
    attestationTrust: trust,
    origin,
  };
}

function requireAttestedCredential(credential: AttestedCredential | null): AttestedCredential {
  if (credential === null) throw new CeremonyRefusal('malformed_authenticator_data', '7.1-13');
  return credential;
}

function requireSameCredentialId(
  { credentialId }: AttestedCredential,
  presented: PresentedRegistration,
): void {
  if (credentialId.length > MAX_CREDENTIAL_ID_BYTES) {
    throw new CeremonyRefusal('credential_id_too_long', '7.1-25');
  }
  if (!credentialId.equals(presented.credentialId)) {
    throw new CeremonyRefusal('credential_id_mismatch', '7.1-25');
  }
}
