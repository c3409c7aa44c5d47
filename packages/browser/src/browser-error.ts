import { WebAuthnError, type WebAuthnErrorCode } from '@simplewebauthn/browser';
import { PassageError } from './passage-error.js';

type Kind = readonly [code: string, message: string];

const CANCELLED: Kind = ['passkey_cancelled', 'The passkey was not used: declined, timed out, or none fits.'];
const REGISTERED: Kind = ['passkey_already_registered', 'This authenticator holds a passkey already.'];
const UNSUPPORTED: Kind = [
  'authenticator_not_supported',
  'The authenticator cannot do what the app asks for.',
];
const ORIGIN: Kind = ['origin_not_allowed', 'This page’s domain may not use the app’s passkeys.'];
const ABORTED: Kind = ['ceremony_aborted', 'Another ceremony took the place of this one.'];
const PENDING: Kind = ['prompt_already_open', 'The browser still shows another prompt for a passkey.'];
const FAILED: Kind = ['passkey_failed', 'The browser could not use the passkey.'];

const BY_CODE: Partial<Record<WebAuthnErrorCode, Kind>> = {
  ERROR_CEREMONY_ABORTED: ABORTED,
  ERROR_INVALID_DOMAIN: ORIGIN,
  ERROR_INVALID_RP_ID: ORIGIN,
  ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED: REGISTERED,
  ERROR_AUTHENTICATOR_MISSING_DISCOVERABLE_CREDENTIAL_SUPPORT: UNSUPPORTED,
  ERROR_AUTHENTICATOR_MISSING_USER_VERIFICATION_SUPPORT: UNSUPPORTED,
  ERROR_AUTHENTICATOR_NO_SUPPORTED_PUBKEYCREDPARAMS_ALG: UNSUPPORTED,
};

const BY_NAME: Readonly<Record<string, Kind>> = {
  AbortError: ABORTED,
  ConstraintError: UNSUPPORTED,
  NotAllowedError: CANCELLED,
  NotSupportedError: UNSUPPORTED,
  OperationError: PENDING,
  SecurityError: ORIGIN,
};

/** What the browser threw, with a stable code; the original is the `cause`. */
export function toPassageError(error: unknown): PassageError {
  if (error instanceof PassageError) return error;
  const byCode = error instanceof WebAuthnError ? BY_CODE[error.code] : undefined;
  const byName = error instanceof Error ? BY_NAME[error.name] : undefined;
  const [code, message] = byCode ?? byName ?? FAILED;
  return new PassageError(code, message, 0, { cause: error });
}
