import type { X509Certificate } from 'node:crypto';
import { hasUnknownCriticalExtension, isInForce, pathLengthOf } from '../certificates.js';
import { CertificateError } from '../der.js';

/** Longer chains are not in use, and each certificate costs a signature. */
export const MAX_CERTIFICATES = 8;

/**
 * Whether a chain from `readCertificates`, leaf first, leads to one of the anchors (RFC 5280 §6.1). Each certificate must
 * be in force at `now` (milliseconds since the epoch), have no critical extension that RFC 5280 does not define, and be
 * issued by the next, which must be an authority; up to one that is an anchor, or issued by an anchor in force. The rest
 * of the chain is ignored: a root in it may have expired if the same authority has another certificate.
 *
 * Verifies signatures only with keys that an anchor certifies, directly or through others: an attacker can choose keys
 * that are slow to verify with. Does not evaluate policies and name constraints, even critical ones, nor revocation.
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
    if (index > 0 && !mayHaveIssued(certificate, chain[index - 1]!, index - 1)) return false;
    if (usable.some((anchor) => certifies(anchor, certificate, index))) {
      return areSignedDownwards(chain.slice(0, index + 1));
    }
  }
  return false;
}

function certifies(anchor: X509Certificate, certificate: X509Certificate, between: number): boolean {
  if (anchor.raw.equals(certificate.raw)) return true;
  return mayHaveIssued(anchor, certificate, between) && certificate.verify(anchor.publicKey);
}

/** Whether each certificate, leaf first, is signed by the next; the last one is certified already. */
function areSignedDownwards(certificates: readonly X509Certificate[]): boolean {
  for (let index = certificates.length - 1; index > 0; index--) {
    if (!certificates[index - 1]!.verify(certificates[index]!.publicKey)) return false;
  }
  return true;
}

/**
 * Whether an authority may have issued a certificate with `between` other authorities below it: by their names, the usage
 * of the authority's key and the length of the path. Verifies no signature.
 */
function mayHaveIssued(authority: X509Certificate, certificate: X509Certificate, between: number): boolean {
  try {
    return (
      // Otherwise the owner of any certified key could issue certificates.
      authority.ca && between <= pathLengthOf(authority) && certificate.checkIssued(authority)
    );
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    // Constraints that cannot be read permit nothing.
    return false;
  }
}
