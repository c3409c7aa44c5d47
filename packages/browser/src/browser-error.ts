import { PassageError } from './passage-error.js';

type Kind = readonly [code: string, message: string];

const CANCELLED: Kind = ['passkey_cancelled', 'The passkey was not used: declined, timed out, or none fits.'];
const UNSUPPORTED: Kind = [
  'authenticator_not_supported',
  'The authenticator cannot do what the app asks for.',
];
const ORIGIN: Kind = ['origin_not_allowed', 'This page’s domain may not use the app’s passkeys.'];
const ABORTED: Kind = ['ceremony_aborted', 'Another ceremony took the place of this one.'];
const PENDING: Kind = ['prompt_already_open', 'The browser still shows another prompt for a passkey.'];
const FAILED: Kind = ['passkey_failed', 'The browser could not use the passkey.'];

const BY_NAME: Readonly<Record<string, Kind>> = {
  AbortError: ABORTED,
  ConstraintError: UNSUPPORTED,
  NotAllowedError: CANCELLED,
  NotSupportedError: UNSUPPORTED,
  OperationError: PENDING,
  SecurityError: ORIGIN,
};

/** What a creation threw: with this name where the authenticator holds one of `excludeCredentials`. */
export function toCreationError(error: unknown): unknown {
  if (nameOf(error) !== 'InvalidStateError') return error;
  const message = 'This authenticator holds a passkey already.';
  return new PassageError('passkey_already_registered', message, 0, { cause: error });
}

/** What the browser threw, with a stable code; the original is the `cause`. */
export function toPassageError(error: unknown): PassageError {
  if (error instanceof PassageError) return error;
  const [code, message] = BY_NAME[nameOf(error)] ?? FAILED;
  return new PassageError(code, message, 0, { cause: error });
}

/** Not by `instanceof Error`: what stands in for a browser may throw an object of another window. */
const nameOf = (error: unknown): string => String((error as { name?: unknown } | null | undefined)?.name);
