import { createHash } from 'node:crypto';
import { verifyRegistrationResponse } from '@simplewebauthn/server';
import { parseAttestationObject, verifyAttestationStatement } from './attestation.js';
import { type AttestationTrust, attestationTrust, type AuthenticatorModels } from './attestation-trust.js';
import { AttestedCredential, parseAuthenticatorData, verifyAuthenticatorData } from './authenticator-data.js';
import { encodeBase64url } from './base64url.js';
import { REGISTRATION } from './ceremony.js';
import { attestationInvalid, CeremonyRefusal } from './ceremony-refusal.js';
import { verifyClientData } from './client-data.js';
import { verifyCredentialKey } from './credential-key.js';
import { MAX_CREDENTIAL_ID_BYTES, PresentedRegistration, readRegistration } from './presented-response.js';
import { RelyingParty } from './relying-party.js';

/** What a registration has to answer to: the ceremony that was begun and the app's present policy. */
export interface ExpectedRegistration {
  /** The challenge that was issued, unpadded base64url. */
  readonly challenge: string;
  readonly relyingParty: RelyingParty;
  readonly requireUserVerification: boolean;
  /** The COSE algorithm identifiers that were offered. */
  readonly algorithms: readonly number[];
  /** By whom an attestation can be trusted; left out, none is. */
  readonly models?: AuthenticatorModels | null;
}

/** A new credential as its registration proved it, ready to be stored. */
export interface VerifiedRegistration {
  /** 1 to 1023 bytes. */
  readonly credentialId: Buffer;
  /** The COSE_Key. */
  readonly publicKey: Buffer;
  /** COSE algorithm identifier of the key. */
  readonly algorithm: number;
  /** Signature counter to start from; 0 where the authenticator keeps none. */
  readonly counter: number;
  /** Lower-case UUID; all zeros where the authenticator does not tell. Proven only if the attestation is trusted. */
  readonly aaguid: string;
  /** At most 8 distinct tokens such as `internal`; a hint from the client, not proven. */
  readonly transports: string[];
  /** A hint from the client, not proven; null where it did not say. */
  readonly attachment: 'platform' | 'cross-platform' | null;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly userVerified: boolean;
  /** Attestation statement format, such as `none`; the statement is verified, whatever it is. */
  readonly attestationFormat: string;
  readonly attestationTrust: AttestationTrust;
  /** The origin that ran the ceremony. */
  readonly origin: string;
}

/**
 * Verifies an untrusted registration response by WebAuthn Level 3 §7.1, steps 3 to 25. Step 26, that the credential
 * ID is not registered yet, is the caller's, and so is what to do with an attestation that nobody vouches for. Makes no
 * network call. Throws `CeremonyRefusal` and nothing else, whatever the response is.
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
  verifyAuthenticatorData(data, REGISTRATION, expected);
  const credential = requireAttestedCredential(data.attestedCredential);

  // Step 20: the key is sound and of an algorithm that was offered.
  const algorithm = verifyCredentialKey(credential.publicKey, expected.algorithms);

  // Steps 12, 21 and 22: the attestation statement, over the hash of the client data.
  const clientDataHash = createHash('sha256').update(presented.clientDataJSON).digest();
  const { authenticatorData, format } = attestation;
  const { publicKey } = credential;
  const signed = Buffer.concat([authenticatorData, clientDataHash]);
  const attested = { publicKey, algorithm, clientDataHash, signed };
  const { chain, isForLibrary } = await verifyAttestationStatement(attestation, attested);
  if (isForLibrary) await verifyWithLibrary(presented, expected);

  // Steps 23 and 24: whose attestation it is. Nothing is refused by that here.
  const aaguid = formatUuid(credential.aaguid);
  const trust = attestationTrust({ format, aaguid, chain }, expected.models ?? null);

  // Step 25: the credential ID is of a storable length, and the same wherever it is said.
  requireSameCredentialId(credential, presented);

  const { transports, attachment } = presented;
  const { counter, backupEligible, backedUp, userVerified } = data;
  return {
    credentialId: Buffer.from(credential.credentialId),
    publicKey: Buffer.from(publicKey),
    algorithm,
    counter,
    aaguid,
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

/** Repeats the checks above in the library's own words and adds that of an attestation key's signature. */
async function verifyWithLibrary(
  presented: PresentedRegistration,
  expected: ExpectedRegistration,
): Promise<void> {
  const id = encodeBase64url(presented.credentialId);
  const result = await verifyRegistrationResponse({
    response: {
      id,
      rawId: id,
      type: 'public-key',
      response: {
        clientDataJSON: encodeBase64url(presented.clientDataJSON),
        attestationObject: encodeBase64url(presented.attestationObject),
      },
      clientExtensionResults: {},
    },
    expectedChallenge: expected.challenge,
    expectedOrigin: [...expected.relyingParty.origins],
    expectedRPID: expected.relyingParty.id,
    requireUserVerification: expected.requireUserVerification,
    supportedAlgorithmIDs: [...expected.algorithms],
  }).catch((cause: unknown) => {
    // All that could fail before the statement has been checked already.
    throw attestationInvalid(cause);
  });
  if (!result.verified) throw attestationInvalid('The library does not verify it.');
}

function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
