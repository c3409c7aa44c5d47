import type { ExternalIdClaim } from '../config/configuration.js';
import { toShownText } from '../config/shown-text.js';
import { type Caller, LEEWAY } from './caller.js';
import { TokenRefusal } from './token-refusal.js';

const MAX_SUBJECT = 255;
const MAX_USERNAME = 255;

/**
 * The caller that the claims of a token name, once its signature, `iss`, `aud`, `nbf` and the passing of `exp` have
 * been checked. Requires what is left: `exp`, an `iat` that is not in the future, and a usable `sub`; throws a
 * `TokenRefusal` otherwise. The first of `usernameClaims` that can be displayed names the user, else `sub`. `now` is in
 * milliseconds since 1970.
 */
export function callerFrom(
  claims: Claims,
  usernameClaims: readonly string[],
  now = Date.now(),
  externalIdClaim: ExternalIdClaim | null = null,
): Caller {
  const { iss, sub, exp, iat, auth_time: authTime, acr, amr } = claims;
  if (!isFiniteNumber(exp)) throw new TokenRefusal('missing_expiry');
  if (iat !== undefined && !(isFiniteNumber(iat) && iat <= now / 1000 + LEEWAY)) {
    throw new TokenRefusal('issued_in_the_future');
  }
  if (!isSubject(sub)) throw new TokenRefusal('unusable_subject');
  const issuer = iss as string;
  const username = displayable(claims, usernameClaims) ?? displayable(claims, ['sub']) ?? percentEncoded(sub);
  return {
    issuer,
    subject: sub,
    username,
    displayName: displayable(claims, ['name']) ?? username,
    issuedAt: iat ?? null,
    authTime: isFiniteNumber(authTime) ? authTime : null,
    acr: isText(acr) ? acr : null,
    amr: Array.isArray(amr) ? amr.filter(isText) : [],
    claim: externalIdClaim?.issuer === issuer ? { externalId: claims[externalIdClaim.name] } : null,
  };
}

type Claims = Readonly<Record<string, unknown>>;

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);

const isText = (value: unknown): value is string => typeof value === 'string';

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
    const text = typeof claim === 'string' ? toShownText(claim, MAX_USERNAME) : null;
    if (text !== null) return text;
  }
  return undefined;
}

/** A subject that cannot be shown as it is still names somebody. */
const percentEncoded = (subject: string): string => encodeURIComponent(subject).slice(0, MAX_USERNAME);
