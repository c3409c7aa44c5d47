/** The user who is calling, as the verified token names them; `issuer` and `subject` together are the identity. */
export interface Caller {
  readonly issuer: string;
  /** 1 to 255 UTF-16 code units, well-formed, without U+0000; exact and case-sensitive. */
  readonly subject: string;
  /** Display text of 1 to 255 characters; it authorises nothing. */
  readonly username: string;
  /** When the token was issued, seconds since the epoch; null if it does not say. */
  readonly issuedAt: number | null;
  /** What the token has for `EXTERNAL_ID_CLAIM`, unjudged; null where no claim of this issuer counts. */
  readonly claim: { readonly externalId: unknown } | null;
}
