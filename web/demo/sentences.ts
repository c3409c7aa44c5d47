import { PassageError } from '@keyway/elements';

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
  passkey_cancelled: 'Nothing was confirmed: the browser’s prompt was closed or ran out of time.',
  ceremony_aborted: 'Nothing was confirmed: the browser’s prompt was closed.',
  origin_not_allowed: 'Passkeys cannot be used on this address. Open the demo on localhost.',
  prompt_already_open: 'Another passkey prompt is still open. Close it and try again.',
};

/** A sentence for the person trying the demo. */
export function sentence(error: unknown): string {
  const code = error instanceof PassageError ? error.code : '';
  return SENTENCES[code] ?? 'Something went wrong. Try again.';
}
