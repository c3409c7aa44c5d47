import { attestationInvalid } from '../ceremony-refusal.js';
import { isSignedByCredential } from '../credential-key.js';

/** The credential that an attestation statement is about, and the data that it signs. */
export interface Attested {
  /** The verified COSE_Key. */
  readonly publicKey: Uint8Array;
  /** COSE algorithm identifier of the key. */
  readonly algorithm: number;
  /** SHA-256 of the client data. */
  readonly clientDataHash: Buffer;
  /** The authenticator data, and the hash after it. */
  readonly signed: Buffer;
}

/**
 * Verifies `alg` and `sig` of a statement that the credential's own key signs: a self attestation of WebAuthn Level 3
 * §8.2, or an Android key attestation (§8.4). Throws `CeremonyRefusal`.
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
