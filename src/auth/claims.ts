import type { Caller } from './caller.js';
import { TokenRefusal } from './token-refusal.js';

/** Seconds by which the clocks of the issuer and of this server may differ. */
export const LEEWAY = 30;

const MAX_SUBJECT = 255;
const MAX_USERNAME = 255;
/** Control characters, and those that reorder or embed text in the other direction. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The caller that the claims of a token name, once its signature, `iss`, `aud`, `nbf` and the passing of `exp` have
 * been checked. Requires what is left: `exp`, an `iat` that is not in the future, and a usable `sub`; throws a
 * `TokenRefusal` otherwise. The first of `usernameClaims` that can be displayed names the user, else `sub`. `now` is in
 * milliseconds since 1970.
 */
export function callerFrom(claims: Claims, usernameClaims: readonly string[], now = Date.now()): Caller {
  const { iss, sub, exp, iat } = claims;
  if (!isFiniteNumber(exp)) throw new TokenRefusal('missing_expiry');
  if (iat !== undefined && !(isFiniteNumber(iat) && iat <= now / 1000 + LEEWAY)) {
    throw new TokenRefusal('issued_in_the_future');
  }
  if (!isSubject(sub)) throw new TokenRefusal('unusable_subject');
  const username = displayable(claims, usernameClaims) ?? displayable(claims, ['sub']) ?? percentEncoded(sub);
  return {
    issuer: iss as string,
    subject: sub,
    username,
    displayName: displayable(claims, ['name']) ?? username,
  };
}

type Claims = Readonly<Record<string, unknown>>;

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);

const isSubject = (sub: unknown): sub is string =>
  typeof sub === 'string' &&
  sub !== '' &&
  sub.length <= MAX_SUBJECT &&
  !sub.includes('\0') &&
  sub.isWellFormed();

/** The first of these claims that leaves something to display. */
function displayable(claims: Claims, names: readonly string[]): string | undefined {
  for (const name of names) {
    const claim = claims[name];
    if (typeof claim !== 'string') continue;
    const text = claim.toWellFormed().replace(UNPRINTABLE, '').trim();
    if (text !== '' && text.length <= MAX_USERNAME) return text;
  }
  return undefined;
}

/** A subject of nothing but invisible characters is still somebody. */
const percentEncoded = (subject: string): string => encodeURIComponent(subject).slice(0, MAX_USERNAME);
