import { attestationInvalid } from './ceremony-refusal.js';
import { isSignedByCredential } from './credential-key.js';

/** What an attestation statement speaks of: the credential, and what the statement is made over. */
export interface Attested {
  /** The COSE_Key, found sound. */
  readonly publicKey: Uint8Array;
  /** COSE algorithm identifier of the key. */
  readonly algorithm: number;
  /** SHA-256 of the client data. */
  readonly clientDataHash: Buffer;
  /** The authenticator data, and the hash after it. */
  readonly signed: Buffer;
}

/**
 * Verifies the signature that a credential's own key has made, with that key's algorithm, as in the self attestations of
 * WebAuthn Level 3 §8.2 and in §8.4. Throws `CeremonyRefusal`.
 */
export async function verifySelfAttestation(
  statement: ReadonlyMap<unknown, unknown>,
  { publicKey, algorithm, signed }: Attested,
): Promise<void> {
  if (statement.get('alg') !== algorithm) throw attestationInvalid('alg is not the algorithm of the key.');
  const signature = statement.get('sig');
  const isSigned =
    signature instanceof Uint8Array && (await isSignedByCredential(publicKey, signed, signature));
  if (!isSigned) throw attestationInvalid('sig is not the signature of the key.');
}
