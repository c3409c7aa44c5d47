/** The relying party of an app, from its settings; never from a request. */
export interface RelyingParty {
  /** RP ID: the domain that the credentials are scoped to, such as `example.com`. */
  readonly id: string;
  /** The name that browsers show during registration. */
  readonly name: string;
  /** Origins that may run ceremonies, compared as exact text; also `android:apk-key-hash:...`. */
  readonly origins: readonly string[];
  /** Origins of pages that may embed a ceremony in a cross-origin frame; usually empty. */
  readonly topOrigins: readonly string[];
  /**
   * Whether a ceremony may run in a cross-origin frame where the client does not say in which page, as Safari and Firefox do
   * not: `allow` trusts any page that frames one of `origins`.
   */
  readonly unknownFrames: 'refuse' | 'allow';
}

/** Which kinds of authenticator a page expects its user to have, the likeliest first (WebAuthn Level 3 §5.8.7). */
export const HINTS = ['security-key', 'client-device', 'hybrid'] as const;

/** One of {@link HINTS}. */
export type Hint = (typeof HINTS)[number];

/** User verification requirement of a ceremony (WebAuthn Level 3 §5.8.6). */
export type UserVerification = 'required' | 'preferred' | 'discouraged';
