import { createHash, X509Certificate } from 'node:crypto';
import { SettingsService } from '@simplewebauthn/server';
import { CertificateError, DER_TAG, derContent, type DerElement, derElements, derMembers } from './der.js';
import { GOOGLE_KEY_ATTESTATION_CA1 } from './google-attestation-root.js';

/** About twice the size of real ones. */
const MAX_CERTIFICATE_BYTES = 4096;

/** Object identifiers of certificate extensions, as the content of their DER in hex (RFC 5280 §4.2.1). */
const BASIC_CONSTRAINTS = '551d13';
const TBS_VERSION = 'a0';
const TBS_EXTENSIONS = 'a3';

/** The extensions that RFC 5280 §4.2.1 allows to be critical. */
const KNOWN_CRITICAL = [
  '551d0f', // keyUsage
  '551d11', // subjectAltName
  '551d12', // issuerAltName
  '551d13', // basicConstraints
  '551d1e', // nameConstraints
  '551d20', // certificatePolicies
  '551d21', // policyMappings
  '551d24', // policyConstraints
  '551d25', // extKeyUsage
  '551d36', // inhibitAnyPolicy
];

/** AlgorithmIdentifiers of the keys that are accepted, as the content of their DER in hex (RFC 3279, 5480, 8410). */
const RSA = '06092a864886f70d0101010500';
const NOT_RSA = [
  '06072a8648ce3d020106082a8648ce3d030107', // EC on P-256
  '06072a8648ce3d020106052b81040022', // EC on P-384
  '06072a8648ce3d020106052b81040023', // EC on P-521
  '06032b6570', // Ed25519
];
const RSA_BITS = { min: 2048, max: 4096, maxExponent: 32 } as const;

/**
 * Algorithms of signatures that nobody can forge, as the content of their DER in hex (RFC 4055, 5758, 8410). MD5 and SHA-1
 * are not among them.
 */
const STRONG_SIGNATURES = [
  '06082a8648ce3d040302', // ECDSA with SHA-256
  '06082a8648ce3d040303', // ECDSA with SHA-384
  '06082a8648ce3d040304', // ECDSA with SHA-512
  '06092a864886f70d01010b0500', // RSA with SHA-256
  '06092a864886f70d01010c0500', // RSA with SHA-384
  '06092a864886f70d01010d0500', // RSA with SHA-512
  '06032b6570', // Ed25519
];
const RSA_PSS = '06092a864886f70d01010a';
/** The hash in the parameters of RSA-PSS, which is SHA-1 where there is none: SHA-256, SHA-384 or SHA-512. */
const STRONG_PSS_HASH = /^30..a0(?:0f300d|0d300b)06096086480165030402(?:01|02|03)/;

/** Roots that the library does not ship. */
const SHIPPED: Readonly<Record<string, readonly string[]>> = { 'android-key': [GOOGLE_KEY_ATTESTATION_CA1] };

/** The root certificates for attestations of a format or for FIDO metadata (`mds`); most formats have none. */
export function knownRoots(issuer: string): X509Certificate[] {
  const identifier = issuer as Parameters<typeof SettingsService.getRootCertificates>[0]['identifier'];
  const pems = [...SettingsService.getRootCertificates({ identifier }), ...(SHIPPED[issuer] ?? [])];
  // Some begin or end with a blank.
  return pems.map((pem) => new X509Certificate(pem.trim()));
}

/**
 * Reads untrusted certificates. Each must be one certificate in DER and nothing else, of at most 4096 bytes, without an
 * extension that occurs twice. Its key must be EC on P-256, P-384 or P-521, Ed25519, or RSA of 2048 to 4096 bits with an
 * exponent of at most 32 bits: other keys can be made so that they block for seconds. Throws `CertificateError`.
 */
export function readCertificates(chain: readonly Uint8Array[]): X509Certificate[] {
  return chain.map((bytes) => {
    if (bytes.byteLength > MAX_CERTIFICATE_BYTES) {
      throw new CertificateError('A certificate is longer than 4096 bytes.');
    }
    // Before OpenSSL reads the certificate: it would at once compute on the curve that a key may bring with it.
    requireAcceptedKey(membersOf(bytes).publicKey);
    const certificate = parseWithOpenssl(bytes);
    // OpenSSL also reads PEM, and ignores what follows the certificate.
    if (!certificate.raw.equals(bytes)) throw new CertificateError('A certificate is not in DER.');
    requireDistinctExtensions(certificate);
    return certificate;
  });
}

function parseWithOpenssl(bytes: Uint8Array): X509Certificate {
  try {
    const certificate = new X509Certificate(bytes);
    // Throws if the key is not a point on its curve.
    void certificate.publicKey;
    return certificate;
  } catch (cause) {
    throw new CertificateError('A certificate cannot be read.', { cause });
  }
}

/** RFC 5280 §4.2. OpenSSL checks only the extensions that it knows. */
function requireDistinctExtensions(certificate: X509Certificate): void {
  const identifiers = extensionsOf(certificate).map(({ identifier }) => identifier);
  if (new Set(identifiers).size !== identifiers.length) {
    throw new CertificateError('A certificate has an extension twice.');
  }
}

function requireAcceptedKey(publicKeyInfo: DerElement | undefined): void {
  const [algorithm, key] = derElements(publicKeyInfo?.content ?? Buffer.alloc(0));
  const kind = algorithm?.content.toString('hex') ?? '';
  if (NOT_RSA.includes(kind)) return;
  if (kind !== RSA || key?.tag !== DER_TAG.BIT_STRING) {
    throw new CertificateError(
      'A certificate has a key that is neither RSA nor Ed25519 nor EC on P-256, P-384 or P-521.',
    );
  }
  // The first byte of a bit string counts its unused bits.
  const [modulus = 0, exponent = 0] = derMembers(key.content.subarray(1)).map(bitsOf);
  if (modulus < RSA_BITS.min || modulus > RSA_BITS.max || exponent > RSA_BITS.maxExponent) {
    throw new CertificateError(
      `A certificate has an RSA key of ${modulus} bits with an exponent of ${exponent}: 2048 to 4096 and at most 32 are accepted.`,
    );
  }
}

/** The length in bits of a positive INTEGER. */
function bitsOf({ content }: DerElement): number {
  const start = content.findIndex((byte) => byte !== 0);
  return start < 0 ? 0 : (content.length - start) * 8 - (Math.clz32(content[start]!) - 24);
}

/** The value of the extension with an object identifier (content of its DER in hex); null if it is absent. */
export function extensionOf(certificate: X509Certificate, identifier: string): Buffer | null {
  return extensionsOf(certificate).find((it) => it.identifier === identifier)?.value ?? null;
}

/** Whether a certificate has a critical extension that RFC 5280 does not define. */
export function hasUnknownCriticalExtension(certificate: X509Certificate): boolean {
  return extensionsOf(certificate).some(
    ({ identifier, isCritical }) => isCritical && !KNOWN_CRITICAL.includes(identifier),
  );
}

/** Whether a certificate is signed by an algorithm whose signatures nobody can forge; verifies nothing. */
export function hasStrongSignature({ raw }: { readonly raw: Buffer }): boolean {
  const [, algorithm] = derMembers(raw);
  const kind = algorithm?.content.toString('hex') ?? '';
  if (STRONG_SIGNATURES.includes(kind)) return true;
  return kind.startsWith(RSA_PSS) && STRONG_PSS_HASH.test(kind.slice(RSA_PSS.length));
}

/** Whether a certificate is valid at `now` (milliseconds since the epoch; RFC 5280 §4.1.2.5). */
export function isInForce({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now <= validToDate.getTime();
}

/** The version of a certificate, 1 to 3 (RFC 5280 §4.1.2.1). Throws `CertificateError` if it cannot be read. */
export function versionOf({ raw }: X509Certificate): number {
  const { version } = membersOf(raw);
  return version ? Number(`0x${derContent(version.content, DER_TAG.INTEGER).toString('hex')}`) + 1 : 1;
}

/** The attributes of a certificate's subject ({@link nameAttributes}). */
export function subjectOf({ raw }: X509Certificate): NameAttribute[] {
  const { subject } = membersOf(raw);
  return subject ? attributesIn(subject) : [];
}

/** One attribute of a name. */
export interface NameAttribute {
  /** Object identifier as the content of its DER in hex. */
  readonly identifier: string;
  readonly value: string;
}

/** The attributes of a `Name` in DER, in their order, however they are grouped. Throws `CertificateError`. */
export const nameAttributes = (name: Buffer): NameAttribute[] => derElements(name).flatMap(attributesIn);

const attributesIn = (name: DerElement): NameAttribute[] =>
  derElements(name.content).flatMap((group) =>
    derElements(group.content).map(({ content }) => {
      const [identifier, value] = derElements(content);
      if (!identifier || !value) throw new CertificateError('An attribute of a name lacks its value.');
      return { identifier: identifier.content.toString('hex'), value: value.content.toString('utf8') };
    }),
  );

/**
 * How many authorities may stand between this one and the leaf (RFC 5280 §4.2.1.9); Infinity without a limit. Throws
 * `CertificateError` if the constraints cannot be read.
 */
export function pathLengthOf(authority: X509Certificate): number {
  const constraints = extensionOf(authority, BASIC_CONSTRAINTS);
  if (constraints === null) return Infinity;
  const length = derMembers(constraints).find(({ tag }) => tag === DER_TAG.INTEGER);
  return length ? Number(`0x${length.content.toString('hex')}`) : Infinity;
}

interface Extension {
  /** Object identifier as the content of its DER in hex. */
  readonly identifier: string;
  readonly isCritical: boolean;
  readonly value: Buffer;
}

function extensionsOf({ raw }: X509Certificate): Extension[] {
  const { extensions } = membersOf(raw);
  if (!extensions) return [];
  return derMembers(extensions.content).map(({ content }) => {
    const [identifier, ...rest] = derElements(content);
    const value = rest.at(-1);
    if (!identifier || !value) throw new CertificateError('An extension lacks its identifier or its value.');
    // DER omits `critical` if it is false.
    return {
      identifier: identifier.content.toString('hex'),
      isCritical: rest.length > 1,
      value: value.content,
    };
  });
}

/** Finds the members of a TBSCertificate that are read here (RFC 5280 §4.1). Throws `CertificateError`. */
function membersOf(certificate: Uint8Array): {
  version: DerElement | undefined;
  subject: DerElement | undefined;
  publicKey: DerElement | undefined;
  extensions: DerElement | undefined;
} {
  const [toBeSigned] = derMembers(Buffer.from(certificate));
  const members = derElements(toBeSigned?.content ?? Buffer.alloc(0));
  const afterVersion = members[0]?.tag === TBS_VERSION ? 1 : 0;
  // After serialNumber, signature, issuer and validity.
  const [subject, publicKey] = members.slice(afterVersion + 4);
  const version = afterVersion ? members[0] : undefined;
  return { version, subject, publicKey, extensions: members.find(({ tag }) => tag === TBS_EXTENSIONS) };
}

/**
 * SHA-1 of a certificate's public key in lower-case hex (RFC 5280 §4.2.1.2, method 1), by which FIDO metadata identifies
 * models without an AAGUID.
 */
export function keyIdentifierOf({ publicKey }: X509Certificate): string {
  const [, key] = derMembers(publicKey.export({ type: 'spki', format: 'der' }));
  // The first byte of a bit string counts its unused bits.
  return createHash('sha1').update(key!.content.subarray(1)).digest('hex');
}
