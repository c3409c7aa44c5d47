import type { X509Certificate } from 'node:crypto';
import { pathLengthOf } from './certificates.js';

/** Longer chains do not occur; each certificate costs a signature. */
const MAX_CERTIFICATES = 8;

/**
 * Whether a chain, leaf first, leads to one of the anchors: each certificate is in force at `now` (milliseconds since
 * the epoch) and issued by the next, which is an authority, up to one that is an anchor or issued by an anchor in force
 * (RFC 5280 §6.1, without policies and name constraints). What follows that one is not looked at, so that a root which
 * is sent along may have expired if the same authority has another one. Asks nobody whether anything is revoked.
 */
export function leadsToAnchor(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  now: number = Date.now(),
): boolean {
  const usable = anchors.filter((anchor) => isInForce(anchor, now));
  for (const [index, certificate] of chain.slice(0, MAX_CERTIFICATES).entries()) {
    const previous = chain[index - 1];
    if (!isInForce(certificate, now)) return false;
    if (previous && !issued(certificate, previous, index - 1)) return false;
    if (usable.some((anchor) => anchor.raw.equals(certificate.raw) || issued(anchor, certificate, index))) {
      return true;
    }
  }
  return false;
}

function isInForce({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now <= validToDate.getTime();
}

/** Whether an authority issued a certificate that has `between` other authorities below it. */
function issued(authority: X509Certificate, certificate: X509Certificate, between: number): boolean {
  try {
    return (
      // Without this, whoever holds a certified key could issue certificates with it.
      authority.ca &&
      between <= pathLengthOf(authority) &&
      certificate.checkIssued(authority) &&
      certificate.verify(authority.publicKey)
    );
  } catch {
    // A key of a kind that cannot be read has issued nothing.
    return false;
  }
}
