import type { PasskeyAction } from './error-sentence.js';
import type { UserPasskey as Passkey } from '@keyway/passage-flex-js';

/**
 * Details of the element's events; all of them bubble and are composed. Each has `externalId` besides: what the
 * application's servers know the user by, null where the list could not be read or the user never added a passkey.
 */
export interface PasskeyTableEventDetails {
  /** A passkey was added; null if the list could not be read again afterwards. */
  readonly 'passkey-added': OfUser & { readonly passkey: Passkey | null };
  /** A passkey was renamed; it comes as it now is. */
  readonly 'passkey-renamed': OfUser & { readonly passkey: Passkey };
  /** A passkey was revoked; it comes as it was. */
  readonly 'passkey-revoked': OfUser & { readonly passkey: Passkey };
  /** Something failed; `status` is the HTTP status of the answer, or 0 without one. */
  readonly 'passkey-error': OfUser & {
    readonly action: PasskeyAction;
    readonly code: string;
    readonly status: number;
    readonly error: unknown;
  };
}

/** Cancelable events before an act: what is prevented is not done, and the page may do it in its own way. */
export interface PasskeyTableRequestDetails {
  readonly 'passkey-adding': OfUser & { readonly passkey: null };
  readonly 'passkey-revoking': OfUser & { readonly passkey: Passkey };
}

interface OfUser {
  readonly externalId: string | null;
}

/** All events of the element. */
export type PasskeyTableEventTypes = PasskeyTableEventDetails & PasskeyTableRequestDetails;

/** Tells the page what has happened, or is about to; false if the page prevents it. */
export type Emit = <Name extends keyof PasskeyTableEventTypes>(
  name: Name,
  detail: PasskeyTableEventTypes[Name],
) => boolean;
