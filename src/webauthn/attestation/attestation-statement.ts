import type { X509Certificate } from 'node:crypto';
import { decodeAttestationObject } from '@simplewebauthn/server/helpers';
import { requireOneCborMap } from '../cbor.js';
import { attestationInvalid, CeremonyRefusal } from '../ceremony-refusal.js';
import { readCertificates } from '../certificates.js';
import { CertificateError } from '../der.js';
import { judgeAndroidKey, verifyAndroidKey } from './android-key.js';
import { judgeApple, verifyApple } from './apple.js';
import type { Attested, Statement } from './attested.js';
import { MAX_CERTIFICATES } from './certificate-path.js';
import { judgeFidoU2f, verifyFidoU2f } from './fido-u2f.js';
import { judgePacked, verifyPacked } from './packed.js';
import { verifySelfAttestation } from './self-attestation.js';
import { judgeTpm, verifyTpm } from './tpm.js';

/** A parsed attestation object (WebAuthn Level 3 §6.5.4). */
export interface Attestation {
  /** Attestation statement format identifier. */
  readonly format: string;
  readonly statement: Statement;
  readonly authenticatorData: Buffer;
}

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

/** What the certificates of a statement are read into: leaf first, at least one. */
type Chain = readonly [X509Certificate, ...X509Certificate[]];

/** A format of WebAuthn Level 3 §8 with certificates. */
interface Format {
  /** Verifies what the statement proves. Throws `CeremonyRefusal`, or `CertificateError` for what cannot be read. */
  readonly verify: (statement: Statement, chain: Chain, attested: Attested) => Promise<void> | void;
  /** Throws `CertificateError` if the certificates are not as the format has them, though they prove what they do. */
  readonly judge: (chain: Chain, attested: Attested) => void;
}

/** android-safetynet is no longer in use. */
const FORMATS: ReadonlyMap<string, Format> = new Map([
  ['packed', { verify: verifyPacked, judge: judgePacked }],
  ['tpm', { verify: verifyTpm, judge: judgeTpm }],
  ['android-key', { verify: verifyAndroidKey, judge: judgeAndroidKey }],
  ['fido-u2f', { verify: verifyFidoU2f, judge: judgeFidoU2f }],
  ['apple', { verify: verifyApple, judge: judgeApple }],
]);

/** The result of {@link verifyAttestationStatement}. */
export interface VerifiedStatement {
  /** Leaf first; empty for none and for a self attestation. */
  readonly chain: readonly X509Certificate[];
  /** What is not as the format has it in certificates that prove what they should; null if nothing is. */
  readonly objection: CertificateError | null;
}

/**
 * Verifies an untrusted attestation statement (§7.1 steps 21 and 22), by its format's verification procedure. What is odd
 * about the certificates beyond that is the caller's to judge: it matters only to apps that ask for an attestation. Makes no
 * network call. Throws `CeremonyRefusal`.
 */
export async function verifyAttestationStatement(
  { format, statement }: Attestation,
  attested: Attested,
): Promise<VerifiedStatement> {
  const known = FORMATS.get(format);
  if (!known && format !== 'none') throw new CeremonyRefusal('attestation_format_unsupported', '7.1-21');

  if (!known || !statement.has('x5c')) {
    // §8.7: the statement of "none" is an empty map. §8.2: without certificates it is a self attestation.
    if (format === 'packed') await verifySelfAttestation(statement, attested);
    else if (known) throw attestationInvalid('There are no certificates.');
    else if (statement.size > 0) throw attestationInvalid('The statement is not empty.');
    return { chain: [], objection: null };
  }
  try {
    const chain = readCertificates(listOfBytes(statement.get('x5c'))) as [X509Certificate];
    await known.verify(statement, chain, attested);
    return { chain, objection: objectionOf(() => known.judge(chain, attested)) };
  } catch (error) {
    throw error instanceof CertificateError ? attestationInvalid(error) : error;
  }
}

function objectionOf(judge: () => void): CertificateError | null {
  try {
    judge();
    return null;
  } catch (error) {
    if (error instanceof CertificateError) return error;
    throw error;
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
