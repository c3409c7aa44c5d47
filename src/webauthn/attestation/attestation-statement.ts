import type { X509Certificate } from 'node:crypto';
import { decodeAttestationObject } from '@simplewebauthn/server/helpers';
import { requireOneCborMap } from '../cbor.js';
import { attestationInvalid, CeremonyRefusal } from '../ceremony-refusal.js';
import { verifyAndroidKey } from './android-key.js';
import { leadsToAnchor, MAX_CERTIFICATES } from './certificate-path.js';
import { knownRoots, namesRevocationLists, readCertificates } from './certificates.js';
import { CertificateError } from './der.js';
import { type Attested, verifySelfAttestation } from './self-attestation.js';

/** A parsed attestation object (WebAuthn Level 3 §6.5.4). */
export interface Attestation {
  /** Attestation statement format identifier. */
  readonly format: string;
  readonly statement: ReadonlyMap<unknown, unknown>;
  readonly authenticatorData: Buffer;
}

/** The formats of WebAuthn Level 3 §8 that are verified; android-safetynet is no longer in use. */
const FORMATS: readonly string[] = ['none', 'packed', 'tpm', 'android-key', 'fido-u2f', 'apple'];

/** Parses an untrusted attestation object (§7.1 step 13). Throws `CeremonyRefusal`. */
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

/** The result of {@link verifyAttestationStatement}. */
export interface VerifiedStatement {
  /** Leaf first; empty for none and for a self attestation. */
  readonly chain: readonly X509Certificate[];
  /** Whether the library has to verify the signature: that of an attestation key, except in android-key. */
  readonly isForLibrary: boolean;
}

/**
 * Verifies an untrusted attestation statement (§7.1 steps 21 and 22): completely for none, self attestation and
 * android-key; for other formats, everything that the library leaves out. If the roots of a format are known, the
 * certificates must lead to one of them and name no address that the library would call. Throws `CeremonyRefusal`.
 */
export async function verifyAttestationStatement(
  { format, statement }: Attestation,
  attested: Attested,
): Promise<VerifiedStatement> {
  if (!FORMATS.includes(format)) throw new CeremonyRefusal('attestation_format_unsupported', '7.1-21');

  // §8.7: the statement of "none" is an empty map.
  if (format === 'none' && statement.size > 0) throw attestationInvalid('The statement is not empty.');

  if (!statement.has('x5c')) {
    // §8.2: without certificates it is a self attestation. Every other format needs certificates.
    if (format === 'packed') await verifySelfAttestation(statement, attested);
    else if (format !== 'none') throw attestationInvalid('There are no certificates.');
    return { chain: [], isForLibrary: false };
  }
  try {
    const chain = readCertificates(listOfBytes(statement.get('x5c')));
    if (format === 'android-key') await verifyAndroidKey(statement, chain, attested);
    else if (format === 'fido-u2f') requireU2fCertificate(chain);
    else requireKnownIssuer(format, chain);
    return { chain, isForLibrary: format !== 'android-key' };
  } catch (error) {
    throw error instanceof CertificateError ? attestationInvalid(error) : error;
  }
}

/**
 * For formats with known roots, the library accepts any certificate in the chain as an authority and calls the addresses
 * of revocation lists. So the chain is verified here first, and may not name such addresses.
 */
function requireKnownIssuer(format: string, chain: readonly X509Certificate[]): void {
  const roots = knownRoots(format);
  if (roots.length === 0) return;
  if (!leadsToAnchor(chain, roots)) throw attestationInvalid('The certificates do not lead to a known root.');
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

function listOfBytes(value: unknown): Uint8Array[] {
  const isList = Array.isArray(value) && value.length > 0 && value.every((it) => it instanceof Uint8Array);
  if (!isList) throw attestationInvalid('x5c is not a list of byte strings.');
  if (value.length > MAX_CERTIFICATES) {
    throw attestationInvalid(`x5c has more than ${MAX_CERTIFICATES} certificates.`);
  }
  return value;
}
