import type { PasskeyAction } from '../text/error-sentence.js';
import type { UserPasskey as Passkey } from '@keyway/passage-flex-js/http.js';

/**
 * Details of the table's events; all of them bubble and are composed. `externalId` is what the application's servers know
 * the user by, for display or a hint; null where the list could not be read or the user never added a passkey.
 */
export interface PasskeyTableEventDetails {
  /** The user wants to add a passkey; cancelable. */
  readonly 'passkey-adding': OfUser & Intent & { readonly passkey: null };
  /** The user has confirmed that a passkey be revoked; cancelable. */
  readonly 'passkey-revoking': OfUser & Intent & { readonly passkey: Passkey };
  /** A passkey was added; null if the list could not be read again afterwards. */
  readonly 'passkey-added': OfUser & { readonly passkey: Passkey | null };
  /** A passkey was renamed; it comes as it now is. */
  readonly 'passkey-renamed': OfUser & { readonly passkey: Passkey };
  /** A passkey was revoked; it comes as it was. */
  readonly 'passkey-revoked': OfUser & { readonly passkey: Passkey };
  /** The list was read. */
  readonly 'passkeys-loaded': OfUser & { readonly passkey: null; readonly passkeys: readonly Passkey[] };
  /** Something failed; `status` is the HTTP status of the answer, or 0 without one. */
  readonly 'passkey-error': OfUser & {
    readonly passkey: Passkey | null;
    readonly action: PasskeyAction;
    readonly code: string;
    readonly status: number;
    readonly error: unknown;
  };
}

interface OfUser {
  readonly externalId: string | null;
}

interface Intent {
  /**
   * Goes on with the act after `preventDefault()`, once a page's own step-up is done: with the token that `getToken` now
   * gives, or with the nonce of a step-up for this act.
   */
  readonly proceed: (nonce?: string) => void;
}

/** Tells the page what has happened; false if it was a question and the page said no. */
export type Emit = <Name extends keyof PasskeyTableEventDetails>(
  name: Name,
  detail: PasskeyTableEventDetails[Name],
) => boolean;

/** The events that a page can hold back. */
export const CANCELABLE: ReadonlySet<string> = new Set(['passkey-adding', 'passkey-revoking']);
