import { errorCode } from '../passkey-table/error-sentence.js';

const SENTENCES: Readonly<Record<string, string>> = {
  network_unreachable: 'The server cannot be reached. Is it still running?',
  timed_out: 'The server took too long to answer. Try again.',
  invalid_request: 'This name cannot be used. Try a short one, such as “ada”.',
  too_many_requests: 'That was too often. Wait a moment and try again.',
  exceeded_attempts: 'That was too often. Wait a moment and try again.',
  discoverable_login_failed: 'This passkey was not accepted. It may have been revoked.',
  webauthn_login_failed: 'This passkey was not accepted. It may have been revoked.',
  invalid_nonce: 'The sign-in could not be confirmed. Try again.',
  user_has_no_passkeys: 'There is no passkey to confirm with yet. Add one first.',
  NotAllowedError: 'Nothing was confirmed: the browser’s prompt was closed or ran out of time.',
  AbortError: 'Nothing was confirmed: the browser’s prompt was closed.',
  SecurityError: 'Passkeys cannot be used on this address. Open the demo on localhost.',
  OperationError: 'Another passkey prompt is still open. Close it and try again.',
};

/** A sentence for the person trying the demo. */
export function sentence(error: unknown): string {
  return SENTENCES[errorCode(error)] ?? 'Something went wrong. Try again.';
}
