import { isFQDN } from 'class-validator';
import { domainToASCII } from 'node:url';
import { getDomain } from 'tldts';

/** Whether a text may be an RP ID (WebAuthn Level 3 §5.1.2): `localhost`, or a registrable domain or one below it. */
export function isRpId(text: string): boolean {
  if (text === 'localhost') return true;
  // Private suffixes count: whoever owns one page of github.io must not claim the passkeys of all the others.
  return (
    isFQDN(text) && domainToASCII(text) === text && getDomain(text, { allowPrivateDomains: true }) !== null
  );
}

/** Whether pages on this host may use passkeys of this RP ID. */
export const isWithin = (host: string, rpId: string): boolean => host === rpId || host.endsWith(`.${rpId}`);
