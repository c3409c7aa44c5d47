/** Seconds by which the clocks of the issuer and of this server may differ. */
export const LEEWAY = 30;

/** The user who is calling, as the verified token names them; `issuer` and `subject` together are the identity. */
export interface Caller {
  readonly issuer: string;
  /** 1 to 255 UTF-16 code units, well-formed, without U+0000; exact and case-sensitive. */
  readonly subject: string;
  /** Display text of 1 to 255 characters; it authorises nothing. */
  readonly username: string;
  /** Display text likewise: the `name` claim, else the username. */
  readonly displayName: string;
  /** When the token was issued, seconds since the epoch; null if it does not say. */
  readonly issuedAt: number | null;
  /** What the token has for `EXTERNAL_ID_CLAIM`, unjudged; null where no claim of this issuer counts. */
  readonly claim: { readonly externalId: unknown } | null;
  /** When the user last signed in at the issuer (OpenID Connect Core §2, `auth_time`), in seconds; null if not told. */
  readonly authTime: number | null;
  /** How the user signed in (OpenID Connect Core §2, `acr`, and RFC 8176, `amr`); null and empty if not told. */
  readonly acr: string | null;
  readonly amr: readonly string[];
}

/** Which sign-ins an app accepts as step-up; without any values, those of every `acr` and `amr`. */
export interface FreshSignIn {
  /** Seconds. */
  readonly maxAge: number;
  readonly acrValues: readonly string[];
  readonly amrValues: readonly string[];
}

/** Whether the token is of a recent sign-in, of a kind that counts; `now` is in milliseconds since 1970. */
export function isFresh(
  caller: Caller,
  { maxAge, acrValues, amrValues }: FreshSignIn,
  now = Date.now(),
): boolean {
  if (!hasSignedInRecently(caller, maxAge, now)) return false;
  if (acrValues.length === 0 && amrValues.length === 0) return true;
  const hasAcr = caller.acr !== null && acrValues.includes(caller.acr);
  return hasAcr || caller.amr.some((each) => amrValues.includes(each));
}

/**
 * When the user last signed in, seconds since the epoch: at the latest when the token was issued. Null if the token does
 * not tell, or names no moment of this time, or one further in the future than the issuer's clock may be ahead.
 */
export function signedInAt({ authTime, issuedAt }: Caller, now = Date.now()): number | null {
  const moment = authTime ?? issuedAt;
  return moment !== null && moment >= 0 && moment <= now / 1000 + LEEWAY ? moment : null;
}

/**
 * Whether the user signed in at most `maxAge` seconds ago (RFC 9470). A moment in the future is one only as far as the
 * issuer's clock may be ahead. The token's own age stands in for nothing. `now` is in milliseconds since 1970.
 */
export function hasSignedInRecently({ authTime }: Caller, maxAge: number, now = Date.now()): boolean {
  if (authTime === null) return false;
  const age = now / 1000 - authTime;
  return age >= -LEEWAY && age <= maxAge;
}
