import { PassageError } from '@keyway/passage-flex-js/http.js';
import type { ErrorTextChanges, ErrorTexts } from './texts.js';

/** What the user was doing. */
export type PasskeyAction = 'load' | 'add' | 'rename' | 'revoke' | 'step-up' | 'sign-in' | 'upgrade';

/** Which sentence says a code; by action where it is another one there. */
const NAMES: Readonly<Record<string, keyof ErrorTexts>> = {
  network_unreachable: 'unreachable',
  timed_out: 'slow',
  missing_token: 'signedOut',
  invalid_token: 'signedOut',
  external_id_missing: 'denied',
  access_denied: 'denied',
  user_not_active: 'inactive',
  device_not_found: 'gone',
  too_many_passkeys: 'tooMany',
  too_many_requests: 'tooOften',
  exceeded_attempts: 'tooOften',
  provider_unavailable: 'outage',
  token_keys_unavailable: 'outage',
  database_busy: 'outage',
  database_unavailable: 'outage',
  request_deadline_exceeded: 'outage',
  'rename.invalid_request': 'badName',
  'add.invalid_request': 'notAccepted',
  'add.operation_not_allowed': 'tooMany',
  transaction_not_found: 'expired',
  invalid_nonce: 'expired',
  passkey_cancelled: 'cancelled',
  ceremony_aborted: 'cancelled',
  'add.passkey_cancelled': 'addCancelled',
  'add.ceremony_aborted': 'addCancelled',
  passkey_already_registered: 'alreadyHere',
  authenticator_not_supported: 'unsuitable',
  passkeys_not_supported: 'unsuitable',
  origin_not_allowed: 'wrongAddress',
  prompt_already_open: 'otherPrompt',
  last_passkey: 'lastPasskey',
  insufficient_user_authentication: 'signInAgain',
  user_has_no_passkeys: 'signInAgain',
  'step-up.insufficient_user_authentication': 'stepUpFailed',
  'step-up.webauthn_login_failed': 'stepUpFailed',
  webauthn_login_failed: 'signInFailed',
  discoverable_login_failed: 'signInFailed',
};

/** The server's code or the browser client's, else `unknown`. */
export function errorCode(error: unknown): string {
  return error instanceof PassageError ? error.code : 'unknown';
}

/** The HTTP status of the server's answer; 0 without one. */
export function errorStatus(error: unknown): number {
  return error instanceof PassageError ? error.statusCode : 0;
}

/** A sentence for the user about a failed action. */
export function errorSentence(
  action: PasskeyAction,
  error: unknown,
  errors: ErrorTexts & ErrorTextChanges,
): string {
  const code = errorCode(error);
  const inAction = `${action}.${code}`;
  const own = errors[inAction] ?? errors[code];
  return own ?? errors[NAMES[inAction] ?? NAMES[code] ?? 'unknown'];
}
