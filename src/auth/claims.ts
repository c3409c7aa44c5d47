import type { ExternalIdClaim } from '../config/configuration.js';
import type { Caller } from './caller.js';
import { TokenRefusal } from './token-refusal.js';

/** Seconds by which the clocks of the issuer and of this server may differ. */
export const LEEWAY = 30;

const MAX_SUBJECT = 255;
const MAX_USERNAME = 255;
const USERNAME_CLAIMS = ['preferred_username', 'username', 'email', 'name', 'sub'] as const;
/** Control characters, and those that reorder or embed text in the other direction. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The caller that the claims of a token name, once its signature, `iss`, `aud`, `nbf` and the passing of `exp` have
 * been checked. Requires what is left: `exp`, an `iat` that is not in the future, and a usable `sub`; throws a
 * `TokenRefusal` otherwise. `now` is in milliseconds since 1970.
 */
export function callerFrom(
  claims: Readonly<Record<string, unknown>>,
  now = Date.now(),
  externalIdClaim: ExternalIdClaim | null = null,
): Caller {
  const { iss, sub, exp, iat } = claims;
  if (!isFiniteNumber(exp)) throw new TokenRefusal('missing_expiry');
  if (iat !== undefined && !(isFiniteNumber(iat) && iat <= now / 1000 + LEEWAY)) {
    throw new TokenRefusal('issued_in_the_future');
  }
  if (!isSubject(sub)) throw new TokenRefusal('unusable_subject');
  const issuer = iss as string;
  return {
    issuer,
    subject: sub,
    username: usernameFrom(claims, sub),
    issuedAt: iat ?? null,
    claim: externalIdClaim?.issuer === issuer ? { externalId: claims[externalIdClaim.name] } : null,
  };
}

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);

const isSubject = (sub: unknown): sub is string =>
  typeof sub === 'string' &&
  sub !== '' &&
  sub.length <= MAX_SUBJECT &&
  !sub.includes('\0') &&
  sub.isWellFormed();

function usernameFrom(claims: Readonly<Record<string, unknown>>, subject: string): string {
  for (const name of USERNAME_CLAIMS) {
    const claim = claims[name];
    if (typeof claim !== 'string') continue;
    const text = claim.toWellFormed().replace(UNPRINTABLE, '').trim();
    if (text !== '' && text.length <= MAX_USERNAME) return text;
  }
  // A subject of nothing but invisible characters is still somebody: shown in its percent-encoding.
  return encodeURIComponent(subject).slice(0, MAX_USERNAME);
}
