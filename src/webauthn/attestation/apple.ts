import { createHash, type X509Certificate } from 'node:crypto';
import { attestationInvalid } from '../ceremony-refusal.js';
import { extensionOf, knownRoots } from '../certificates.js';
import { importCredentialKey } from '../credential-key.js';
import { DER_TAG, derContent, derMembers } from '../der.js';
import { requireThat } from './attestation-key.js';
import type { Attested, Statement } from './attested.js';
import { leadsToAnchor } from './certificate-path.js';

/** 1.2.840.113635.100.8.2 as the content of its DER in hex, and the tag of the nonce in it. */
const NONCE = { extension: '2a864886f763640802', tag: 'a1' } as const;

/** Verifies an Apple anonymous attestation (WebAuthn Level 3 §8.8). Throws `CeremonyRefusal` or `CertificateError`. */
export function verifyApple(
  _statement: Statement,
  [certificate]: readonly [X509Certificate, ...X509Certificate[]],
  { publicKey, signed }: Attested,
): void {
  const nonce = nonceOf(certificate);
  if (nonce === null || !createHash('sha256').update(signed).digest().equals(nonce)) {
    throw attestationInvalid('The certificate is for another ceremony.');
  }
  if (!certificate.publicKey.equals(importCredentialKey(publicKey))) {
    throw attestationInvalid('The certificate is for another key.');
  }
}

function nonceOf(certificate: X509Certificate): Buffer | null {
  const extension = extensionOf(certificate, NONCE.extension);
  const member = extension && derMembers(extension).find(({ tag }) => tag === NONCE.tag);
  return member ? derContent(member.content, DER_TAG.OCTET_STRING) : null;
}

/** Apple has one root, and nothing but its signature says that a certificate is Apple's. Throws `CertificateError`. */
export function judgeApple(chain: readonly X509Certificate[]): void {
  requireThat(leadsToAnchor(chain, knownRoots('apple')), 'does not lead to Apple’s root');
}
