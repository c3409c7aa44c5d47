import type { X509Certificate } from 'node:crypto';
import { hasUnknownCriticalExtension, pathLengthOf } from './certificates.js';
import { CertificateError } from './der.js';

/** Longer chains do not occur; each certificate costs a signature. */
export const MAX_CERTIFICATES = 8;

/**
 * Whether a chain that `readCertificates` has read, leaf first, leads to one of the anchors: each certificate is in force
 * at `now` (milliseconds since the epoch), has no critical extension that RFC 5280 does not define, and is issued by the
 * next, which is an authority, up to one that is an anchor or issued by an anchor in force (RFC 5280 §6.1). What follows
 * that one is not looked at, so that a root which is sent along may have expired if the same authority has another one.
 * Verifies no signature with a key that no anchor vouches for: an unknown key may be made to be slow.
 *
 * Not evaluated, even where they are critical: policies and name constraints. Not asked: whether anything is revoked.
 */
export function leadsToAnchor(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  now: number = Date.now(),
): boolean {
  const usable = anchors.filter((anchor) => isInForce(anchor, now));
  // Upwards by what the certificates say, to the first that an anchor vouches for; down again by signatures.
  for (const [index, certificate] of chain.slice(0, MAX_CERTIFICATES).entries()) {
    if (!isInForce(certificate, now) || hasUnknownCriticalExtension(certificate)) return false;
    if (index > 0 && !mayHaveIssued(certificate, chain[index - 1]!, index - 1)) return false;
    if (usable.some((anchor) => vouchesFor(anchor, certificate, index))) {
      return areSignedDownwards(chain.slice(0, index + 1));
    }
  }
  return false;
}

function isInForce({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now <= validToDate.getTime();
}

function vouchesFor(anchor: X509Certificate, certificate: X509Certificate, between: number): boolean {
  if (anchor.raw.equals(certificate.raw)) return true;
  return mayHaveIssued(anchor, certificate, between) && certificate.verify(anchor.publicKey);
}

/** Whether each of these is signed by the one above it, the last being vouched for; leaf first. */
function areSignedDownwards(certificates: readonly X509Certificate[]): boolean {
  for (let index = certificates.length - 1; index > 0; index--) {
    if (!certificates[index - 1]!.verify(certificates[index]!.publicKey)) return false;
  }
  return true;
}

/**
 * Whether an authority may have issued a certificate that has `between` other authorities below it: by names, by what the
 * authority's key is for, and by the length of the path. Verifies no signature.
 */
function mayHaveIssued(authority: X509Certificate, certificate: X509Certificate, between: number): boolean {
  try {
    return (
      // Without this, the owner of any certified key could issue certificates with it.
      authority.ca && between <= pathLengthOf(authority) && certificate.checkIssued(authority)
    );
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    // Constraints that cannot be read permit nothing.
    return false;
  }
}
