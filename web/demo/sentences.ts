import { PassageError } from '@keyway/elements';
import type { DemoTexts } from './demo-texts.js';
import { texts } from './texts.js';

const NAMES: Readonly<Record<string, keyof DemoTexts>> = {
  network_unreachable: 'unreachable',
  timed_out: 'slow',
  invalid_request: 'badName',
  too_many_requests: 'tooOften',
  exceeded_attempts: 'tooOften',
  discoverable_login_failed: 'notAccepted',
  webauthn_login_failed: 'notAccepted',
  invalid_nonce: 'notProven',
  user_has_no_passkeys: 'noPasskeys',
  passkey_cancelled: 'cancelled',
  ceremony_aborted: 'cancelled',
  origin_not_allowed: 'wrongAddress',
  prompt_already_open: 'otherPrompt',
};

/** A sentence for the person trying the demo. */
export function sentence(error: unknown): string {
  const code = error instanceof PassageError ? error.code : '';
  return texts()[NAMES[code] ?? 'unknown'];
}
