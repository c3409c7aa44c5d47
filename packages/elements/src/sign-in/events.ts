import type { PasskeyAction } from '../text/error-sentence.js';

/**
 * How an automatic upgrade ended: `added` with a nonce for the page's server to verify; `declined` by the password manager or
 * the browser; `remembered`: declined less than 30 days ago, and not tried again; `unsupported` by the browser; `failed`.
 */
export type UpgradeOutcome = 'added' | 'declined' | 'remembered' | 'unsupported' | 'failed';

/** Details of the sign-in's events; all of them bubble and are composed. */
export interface PasskeySignInEventDetails {
  /** A passkey has signed in: the page's server verifies the nonce, in the session that began the ceremony. */
  readonly 'passkey-nonce': { readonly nonce: string; readonly from: 'button' | 'autofill' };
  /** An automatic upgrade has ended. */
  readonly 'passkey-upgrade': {
    readonly outcome: UpgradeOutcome;
    readonly nonce: string | null;
    readonly error: unknown;
  };
  /** Something failed; `status` is the HTTP status of the answer, or 0 without one. */
  readonly 'passkey-error': {
    readonly action: PasskeyAction;
    readonly code: string;
    readonly status: number;
    readonly error: unknown;
  };
}
