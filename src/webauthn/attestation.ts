import type { X509Certificate } from 'node:crypto';
import { decodeAttestationObject, isoCBOR } from '@simplewebauthn/server/helpers';
import { type Attested, verifyAndroidKey } from './android-key.js';
import { requireOneCborMap } from './cbor.js';
import { attestationInvalid, CeremonyRefusal } from './ceremony-refusal.js';
import { leadsToAnchor, MAX_CERTIFICATES } from './certificate-path.js';
import { knownRoots, namesRevocationLists, readCertificates } from './certificates.js';
import { ALGORITHM } from './credential-key.js';
import { CertificateError } from './der.js';
import { isDerEcdsaSignature } from './ecdsa-signature.js';

/** An attestation object taken apart (WebAuthn Level 3 §6.5.4). */
export interface Attestation {
  /** Attestation statement format identifier. */
  readonly format: string;
  readonly statement: ReadonlyMap<unknown, unknown>;
  readonly authenticatorData: Buffer;
}

/** The formats of WebAuthn Level 3 §8 that are verified. Not android-safetynet, which is no longer in use. */
const FORMATS: readonly string[] = ['none', 'packed', 'tpm', 'android-key', 'fido-u2f', 'apple'];

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

/** The same attestation object with the statement of "none" (§8.7). */
export function withoutStatement({ authenticatorData }: Attestation): Buffer {
  const members = new Map<string, unknown>([
    ['fmt', 'none'],
    ['attStmt', new Map()],
    ['authData', new Uint8Array(authenticatorData)],
  ]);
  return Buffer.from(isoCBOR.encode(members as Parameters<typeof isoCBOR.encode>[0]));
}

function decode(bytes: Buffer): ReadonlyMap<unknown, unknown> {
  try {
    return decodeAttestationObject(new Uint8Array(bytes)) as unknown as ReadonlyMap<unknown, unknown>;
  } catch (cause) {
    throw new CeremonyRefusal('malformed_cbor', '7.1-13', { cause });
  }
}

/**
 * Verifies what the library leaves out of steps 21 and 22 of §7.1: a known format, a statement of its shape, the
 * algorithm of a self attestation, whose certificates they are where that is known, and the whole of android-key. The
 * library, run afterwards, meets no address that it would call. Returns the certificates, leaf first. Throws
 * `CeremonyRefusal`.
 */
export function verifyAttestationStatement(
  { format, statement }: Attestation,
  attested: Attested,
): readonly X509Certificate[] {
  if (!FORMATS.includes(format)) throw new CeremonyRefusal('attestation_format_unsupported', '7.1-21');

  // §8.7: the statement of "none" is an empty map.
  if (format === 'none' && statement.size > 0)
    throw attestationInvalid('The statement of none is not empty.');

  if (!statement.has('x5c')) {
    // §8.2: without certificates it is a self attestation. No other format does without.
    if (format === 'packed') requireSelfAttestation(statement, attested.algorithm);
    else if (format !== 'none') throw attestationInvalid('There are no certificates.');
    return [];
  }
  try {
    const chain = readCertificates(listOfBytes(statement.get('x5c')));
    if (format === 'android-key') verifyAndroidKey(statement, chain, attested);
    else if (format === 'fido-u2f') requireU2fCertificate(chain);
    else requireKnownIssuer(format, chain);
    return chain;
  } catch (error) {
    throw error instanceof CertificateError ? attestationInvalid(error) : error;
  }
}

/**
 * Where the library has roots, it accepts any certificate in between as an authority, and asks the addresses that the
 * certificates name whether they are revoked. So the chain is checked before, and names none.
 */
function requireKnownIssuer(format: string, chain: readonly X509Certificate[]): void {
  const roots = knownRoots(format);
  if (roots.length === 0) return;
  if (!leadsToAnchor(chain, roots)) throw attestationInvalid('The certificates lead to no known root.');
  if (chain.some(namesRevocationLists)) {
    throw attestationInvalid('A certificate names addresses that the library would call.');
  }
}

/** §8.6: exactly one certificate, for a P-256 key. */
function requireU2fCertificate(chain: readonly X509Certificate[]): void {
  requireKnownIssuer('fido-u2f', chain);
  const curve = chain[0]?.publicKey.asymmetricKeyDetails?.namedCurve;
  if (chain.length > 1 || curve !== 'prime256v1') {
    throw attestationInvalid('There is not exactly one certificate, for a P-256 key.');
  }
}

/** A self attestation is signed by the credential's own key, with that key's algorithm. */
function requireSelfAttestation(statement: Attestation['statement'], credentialAlgorithm: number): void {
  if (statement.get('alg') !== credentialAlgorithm) throw attestationInvalid('alg is not the key’s.');
  const signature = statement.get('sig');
  if (!(signature instanceof Uint8Array)) throw attestationInvalid('There is no signature.');
  if (credentialAlgorithm === ALGORITHM.ES256 && !isDerEcdsaSignature(signature)) {
    throw attestationInvalid('The signature is not in DER.');
  }
}

function listOfBytes(value: unknown): Uint8Array[] {
  const isList = Array.isArray(value) && value.length > 0 && value.every((it) => it instanceof Uint8Array);
  if (!isList) throw attestationInvalid('x5c is not a list of byte strings.');
  if (value.length > MAX_CERTIFICATES) {
    throw attestationInvalid(`x5c has more than ${MAX_CERTIFICATES} certificates.`);
  }
  return value;
}
