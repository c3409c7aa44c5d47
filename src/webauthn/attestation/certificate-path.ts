import type { X509Certificate } from 'node:crypto';
import { hasStrongSignature, hasUnknownCriticalExtension, isInForce, pathLengthOf } from '../certificates.js';
import { CertificateError } from '../der.js';
import { permitsNames } from './name-constraints.js';

/** Longer chains are not in use, and each certificate costs a signature. */
export const MAX_CERTIFICATES = 8;

/**
 * Whether a chain from `readCertificates`, leaf first, leads to one of the anchors (RFC 5280 §6.1). Each certificate must
 * be in force at `now` (milliseconds since the epoch), have no critical extension that RFC 5280 does not define, and be
 * issued by the next, with SHA-256 or better; the next must be an authority, and permit the names of all below it. So up to
 * one that is an anchor, or issued by an anchor in force. The rest of the chain is ignored: a root in it may have expired
 * if the same authority has another certificate.
 *
 * Verifies signatures only with keys that an anchor certifies, directly or through others: an attacker can choose keys
 * that are slow to verify with. Does not evaluate policies, even critical ones, nor revocation.
 */
export function leadsToAnchor(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  now: number = Date.now(),
): boolean {
  const usable = anchors.filter((anchor) => isInForce(anchor, now));
  // Up the chain by names, to the first certificate that an anchor certifies; then down again by signatures.
  for (const [index, certificate] of chain.slice(0, MAX_CERTIFICATES).entries()) {
    if (!isInForce(certificate, now) || hasUnknownCriticalExtension(certificate)) return false;
    const below = chain.slice(0, index);
    if (index > 0 && !mayHaveIssued(certificate, below)) return false;
    if (usable.some((anchor) => certifies(anchor, [...below, certificate]))) {
      return areSignedDownwards(chain.slice(0, index + 1));
    }
  }
  return false;
}

/** Whether the anchor is the last of the certificates, leaf first, or has issued it. */
function certifies(anchor: X509Certificate, certificates: readonly X509Certificate[]): boolean {
  const last = certificates.at(-1)!;
  if (anchor.raw.equals(last.raw)) return true;
  return mayHaveIssued(anchor, certificates) && isSignedWith(last, anchor);
}

/** Whether each certificate, leaf first, is signed by the next; the last one is certified already. */
function areSignedDownwards(certificates: readonly X509Certificate[]): boolean {
  for (let index = certificates.length - 1; index > 0; index--) {
    if (!isSignedWith(certificates[index - 1]!, certificates[index]!)) return false;
  }
  return true;
}

const isSignedWith = (certificate: X509Certificate, { publicKey }: X509Certificate): boolean =>
  hasStrongSignature(certificate) && certificate.verify(publicKey);

/**
 * Whether an authority may have issued the last of the certificates, leaf first, and may stand above all of them: by their
 * names, the usage of the authority's key and the length of the path. Verifies no signature.
 */
function mayHaveIssued(authority: X509Certificate, certificates: readonly X509Certificate[]): boolean {
  try {
    return (
      // Otherwise the owner of any certified key could issue certificates.
      authority.ca &&
      certificates.length - 1 <= pathLengthOf(authority) &&
      certificates.at(-1)!.checkIssued(authority) &&
      certificates.every((it) => permitsNames(authority, it))
    );
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    // Constraints that cannot be read permit nothing.
    return false;
  }
}
