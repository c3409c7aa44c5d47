import type { PasskeyAction } from './error-sentence.js';
import type { Passkey } from './user-api.js';

/** Details of the element's events; all of them bubble and are composed. */
export interface PasskeyTableEventDetails {
  /** A passkey was added; null if the list could not be read again afterwards. */
  readonly 'passkey-added': { readonly passkey: Passkey | null };
  /** A passkey was renamed; it comes as it now is. */
  readonly 'passkey-renamed': { readonly passkey: Passkey };
  /** A passkey was revoked; it comes as it was. */
  readonly 'passkey-revoked': { readonly passkey: Passkey };
  /** Something failed; `status` is the HTTP status of the answer, or 0 without one. */
  readonly 'passkey-error': {
    readonly action: PasskeyAction;
    readonly code: string;
    readonly status: number;
    readonly error: unknown;
  };
}

/** Tells the page what has happened. */
export type Emit = <Name extends keyof PasskeyTableEventDetails>(
  name: Name,
  detail: PasskeyTableEventDetails[Name],
) => void;
