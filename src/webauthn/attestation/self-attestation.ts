import { attestationInvalid } from '../ceremony-refusal.js';
import { isSignedByCredential } from '../credential-key.js';
import type { Attested, Statement } from './attested.js';

/**
 * Verifies `alg` and `sig` of a statement that the credential's own key signs: a self attestation of WebAuthn Level 3
 * §8.2, or an Android key attestation (§8.4). Throws `CeremonyRefusal`.
 */
export async function verifySelfAttestation(
  statement: Statement,
  { publicKey, algorithm, signed }: Attested,
): Promise<void> {
  if (statement.get('alg') !== algorithm) throw attestationInvalid('alg is not the algorithm of the key.');
  const signature = statement.get('sig');
  const isSigned =
    signature instanceof Uint8Array && (await isSignedByCredential(publicKey, signed, signature));
  if (!isSigned) throw attestationInvalid('sig is not the signature of the key.');
}
