/** The relying party of one app, as its settings row names it; never taken from a request. */
export interface RelyingParty {
  /** RP ID: the registrable domain the credentials are scoped to, such as `example.com`. */
  readonly id: string;
  /** Name shown by the browser while a passkey is made. */
  readonly name: string;
  /** Origins that may run ceremonies, compared as exact text (also `android:apk-key-hash:...`). */
  readonly origins: readonly string[];
  /** Origins of pages that may frame a ceremony across origins; usually empty. */
  readonly topOrigins: readonly string[];
}

/** How strongly a ceremony asks for user verification (WebAuthn Level 3 §5.8.6). */
export type UserVerification = 'required' | 'preferred' | 'discouraged';
