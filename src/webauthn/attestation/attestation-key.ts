import { constants, type KeyObject, verify, type X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { attestationInvalid } from '../ceremony-refusal.js';
import { extensionOf, isInForce, versionOf } from '../certificates.js';
import { CertificateError, DER_TAG, derContent } from '../der.js';

const verifySignature = promisify(verify);

/** How an attestation key signs. */
interface SignatureAlgorithm {
  readonly keyType: 'ec' | 'rsa' | 'ed25519';
  /** A digest of node:crypto; null where the algorithm has its own. */
  readonly digest: string | null;
  readonly isPss?: boolean;
}

/** By COSE algorithm identifier. */
const ALGORITHMS = new Map<unknown, SignatureAlgorithm>([
  [-7, { keyType: 'ec', digest: 'sha256' }],
  [-35, { keyType: 'ec', digest: 'sha384' }],
  [-36, { keyType: 'ec', digest: 'sha512' }],
  [-8, { keyType: 'ed25519', digest: null }],
  [-257, { keyType: 'rsa', digest: 'sha256' }],
  [-258, { keyType: 'rsa', digest: 'sha384' }],
  [-259, { keyType: 'rsa', digest: 'sha512' }],
  [-37, { keyType: 'rsa', digest: 'sha256', isPss: true }],
  [-38, { keyType: 'rsa', digest: 'sha384', isPss: true }],
  [-39, { keyType: 'rsa', digest: 'sha512', isPss: true }],
  // RSA with SHA-1, which TPMs of 2016 and earlier sign with.
  [-65535, { keyType: 'rsa', digest: 'sha1' }],
]);

/** 1.3.6.1.4.1.45724.1.1.4 as the content of its DER in hex: the AAGUID that a certificate is for. */
const AAGUID_EXTENSION = '2b0601040182e51c010104';

/** The digest of a COSE algorithm as node:crypto names it; null if it is unknown or has none. */
export const digestOf = (algorithm: unknown): string | null => ALGORITHMS.get(algorithm)?.digest ?? null;

/** An untrusted signature: the COSE algorithm identifier, the signature and the data that it is over. */
export interface PresentedSignature {
  readonly algorithm: unknown;
  readonly signature: unknown;
  readonly data: Buffer;
}

/**
 * Requires that the key of a certificate made the signature. Runs on libuv's thread pool; `readCertificates` has seen to it
 * that the key is not slow to verify with. Throws `CeremonyRefusal`.
 */
export async function requireSignatureBy(
  { publicKey }: X509Certificate,
  { algorithm, signature, data }: PresentedSignature,
): Promise<void> {
  const kind = ALGORITHMS.get(algorithm);
  if (kind?.keyType !== publicKey.asymmetricKeyType) {
    throw attestationInvalid('alg is not an algorithm of the attestation key.');
  }
  const isSigned =
    signature instanceof Uint8Array &&
    (await verifySignature(kind!.digest, data, keyFor(kind!, publicKey), signature));
  if (!isSigned) throw attestationInvalid('sig is not the signature of the attestation key.');
}

const keyFor = ({ isPss }: SignatureAlgorithm, key: KeyObject) =>
  isPss
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : key;

/** Whether a certificate names the AAGUID that it is for (§8.2.1). */
export const namesAaguid = (certificate: X509Certificate): boolean =>
  extensionOf(certificate, AAGUID_EXTENSION) !== null;

/** Requires that a certificate which names an AAGUID names this one (16 bytes). Throws `CeremonyRefusal`. */
export function requireAaguid(certificate: X509Certificate, aaguid: Buffer): void {
  const extension = extensionOf(certificate, AAGUID_EXTENSION);
  if (extension !== null && !derContent(extension, DER_TAG.OCTET_STRING).equals(aaguid)) {
    throw attestationInvalid('The certificate is for another AAGUID.');
  }
}

/** What §8.2.1 and §8.3.1 ask of a certificate alike. Throws `CertificateError`. */
export function judgeAttestationCertificate(certificate: X509Certificate): void {
  requireThat(versionOf(certificate) === 3, 'is not of version 3');
  requireThat(!certificate.ca, 'is one of an authority');
  judgeDates(certificate);
}

/** Throws `CertificateError` if a certificate is not valid yet or any more. */
export function judgeDates(certificate: X509Certificate): void {
  requireThat(isInForce(certificate, Date.now()), 'has expired or is not yet valid');
}

/** Throws `CertificateError` with what is wrong with the attestation certificate, unless a condition holds. */
export function requireThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new CertificateError(`The attestation certificate ${otherwise}.`);
}
