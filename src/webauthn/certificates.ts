import { createHash, X509Certificate } from 'node:crypto';
import { SettingsService } from '@simplewebauthn/server';
import { DER_TAG, derElements, derMembers } from './der.js';

/** Object identifiers of certificate extensions, as the content of their DER in hex (RFC 5280 §4.2.1). */
const EXTENSION = { basicConstraints: '551d13', crlDistributionPoints: '551d1f' } as const;
const TBS_EXTENSIONS = 'a3';

/**
 * The root certificates that the library has for attestations of a format, or for FIDO metadata (`mds`); none for most
 * formats.
 */
export function knownRoots(issuer: string): X509Certificate[] {
  const identifier = issuer as Parameters<typeof SettingsService.getRootCertificates>[0]['identifier'];
  // Some of them begin or end with a blank, which is why the library itself does not find them again by their text.
  return SettingsService.getRootCertificates({ identifier }).map((pem) => new X509Certificate(pem.trim()));
}

/** Reads certificates, each exactly one in DER: nothing after it, and no other spelling. Throws otherwise. */
export function readCertificates(chain: readonly Uint8Array[]): X509Certificate[] {
  return chain.map((bytes) => {
    const certificate = new X509Certificate(bytes);
    // OpenSSL reads PEM as well, and overlooks what follows.
    if (!certificate.raw.equals(bytes)) throw new TypeError('A certificate is not in DER.');
    return certificate;
  });
}

/** The value of the extension with an object identifier (DER content, hex); null without it. Throws if it is there twice. */
export function extensionOf(certificate: X509Certificate, identifier: string): Buffer | null {
  const [value = null, ...more] = extensionsOf(certificate).flatMap(([id, it]) =>
    id === identifier ? [it] : [],
  );
  if (more.length > 0) throw new TypeError(`A certificate has the extension ${identifier} twice.`);
  return value;
}

/** Whether a certificate names addresses to ask whether it is revoked (RFC 5280 §4.2.1.13). Throws if it cannot be read. */
export function namesRevocationLists(certificate: X509Certificate): boolean {
  return extensionsOf(certificate).some(([id]) => id === EXTENSION.crlDistributionPoints);
}

/** How many authorities may stand between this one and the certificate at the end (RFC 5280 §4.2.1.9). */
export function pathLengthOf(authority: X509Certificate): number {
  const constraints = extensionOf(authority, EXTENSION.basicConstraints);
  if (constraints === null) return Infinity;
  const length = derMembers(constraints).find(({ tag }) => tag === DER_TAG.INTEGER);
  return length ? Number(`0x${length.content.toString('hex')}`) : Infinity;
}

function extensionsOf({ raw }: X509Certificate): [identifier: string, value: Buffer][] {
  const [toBeSigned] = derMembers(raw);
  const wrapped = derElements(toBeSigned!.content).find(({ tag }) => tag === TBS_EXTENSIONS);
  if (!wrapped) return [];
  return derMembers(wrapped.content).map(({ content }) => {
    const [identifier, ...rest] = derElements(content);
    return [identifier!.content.toString('hex'), rest.at(-1)!.content];
  });
}

/**
 * SHA-1 of a certificate's public key in lower-case hex, by which FIDO metadata names authenticators that have no AAGUID
 * (RFC 5280 §4.2.1.2, method 1).
 */
export function keyIdentifierOf({ publicKey }: X509Certificate): string {
  const [, key] = derMembers(publicKey.export({ type: 'spki', format: 'der' }));
  // The first byte of a bit string counts the bits left over.
  return createHash('sha1').update(key!.content.subarray(1)).digest('hex');
}
