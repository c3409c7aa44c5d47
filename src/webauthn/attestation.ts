import { decodeAttestationObject } from '@simplewebauthn/server/helpers';
import { requireOneCborMap } from './cbor.js';
import { CeremonyRefusal } from './ceremony-refusal.js';
import { ALGORITHM } from './credential-key.js';
import { isDerEcdsaSignature } from './ecdsa-signature.js';

/** An attestation object taken apart (WebAuthn Level 3 §6.5.4). */
export interface Attestation {
  /** Attestation statement format identifier. */
  readonly format: string;
  readonly statement: ReadonlyMap<unknown, unknown>;
  readonly authenticatorData: Buffer;
}

/**
 * The formats of WebAuthn Level 3 §8 that are verified. Not android-key: the library accepts a root certificate that
 * the statement itself brings, and asks the addresses named in its certificates whether they are revoked before it
 * looks whose root that is, so that whoever registers could make this server call any address. Passkeys on Android
 * come without it. Nor android-safetynet, which is no longer in use.
 */
const FORMATS: readonly string[] = ['none', 'packed', 'tpm', 'fido-u2f', 'apple'];

/** Takes an attestation object apart (§7.1 step 13). Throws `CeremonyRefusal`. */
export function parseAttestationObject(bytes: Buffer): Attestation {
  requireOneCborMap(bytes, '7.1-13');
  const decoded = decode(bytes);
  const [format, statement, authenticatorData] = [
    decoded.get('fmt'),
    decoded.get('attStmt'),
    decoded.get('authData'),
  ];
  if (
    typeof format !== 'string' ||
    !(statement instanceof Map) ||
    !(authenticatorData instanceof Uint8Array)
  ) {
    throw new CeremonyRefusal('malformed_cbor', '7.1-13');
  }
  return { format, statement, authenticatorData: Buffer.from(authenticatorData) };
}

function decode(bytes: Buffer): ReadonlyMap<unknown, unknown> {
  try {
    return decodeAttestationObject(new Uint8Array(bytes)) as unknown as ReadonlyMap<unknown, unknown>;
  } catch (cause) {
    throw new CeremonyRefusal('malformed_cbor', '7.1-13', { cause });
  }
}

/**
 * Verifies what the library leaves out of steps 21 and 22 of §7.1: a known format, a statement of its shape, and the
 * algorithm of a self attestation. Throws `CeremonyRefusal`.
 */
export function verifyAttestationStatement(attestation: Attestation, credentialAlgorithm: number): void {
  const { format, statement } = attestation;
  if (!FORMATS.includes(format)) throw new CeremonyRefusal('attestation_format_unsupported', '7.1-21');

  // §8.7: the statement of "none" is an empty map.
  if (format === 'none' && statement.size > 0) throw invalid();

  // Every x5c is a list of certificates in DER.
  if (statement.has('x5c') && !isListOfBytes(statement.get('x5c'))) throw invalid();

  // §8.2: without certificates it is a self attestation.
  if (format === 'packed' && !statement.has('x5c')) requireSelfAttestation(statement, credentialAlgorithm);
}

/** A self attestation is signed by the credential's own key, with that key's algorithm. */
function requireSelfAttestation(statement: Attestation['statement'], credentialAlgorithm: number): void {
  if (statement.get('alg') !== credentialAlgorithm) throw invalid();
  const signature = statement.get('sig');
  if (!(signature instanceof Uint8Array)) throw invalid();
  if (credentialAlgorithm === ALGORITHM.ES256 && !isDerEcdsaSignature(signature)) throw invalid();
}

function isListOfBytes(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => item instanceof Uint8Array);
}

function invalid(): CeremonyRefusal {
  return new CeremonyRefusal('attestation_invalid', '7.1-22');
}
