import { Refusal } from './refusal.js';

/** Every code that becomes a 4xx. */
export type RefusalCode =
  // the request itself
  | 'invalid_request'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'payload_too_large'
  | 'headers_too_large'
  | 'request_timeout'
  | 'unsupported_media_type'
  | 'misdirected_request'
  | 'too_many_requests'
  // who is calling
  | 'access_denied'
  | 'missing_token'
  | 'invalid_token'
  | 'invalid_api_key'
  | 'insufficient_user_authentication'
  // apps, users and their passkeys
  | 'app_not_found'
  | 'user_not_found'
  | 'user_not_active'
  | 'user_has_no_passkeys'
  | 'device_not_found'
  | 'external_id_missing'
  | 'external_id_conflict'
  | 'too_many_passkeys'
  | 'last_passkey'
  | 'transaction_not_permitted'
  // webhooks
  | 'webhook_not_found'
  | 'too_many_webhooks'
  // ceremonies
  | 'transaction_not_found'
  | 'registration_refused'
  | 'authentication_refused'
  | 'discoverable_authentication_refused'
  | 'invalid_nonce';

/** How a user may prove again who they are, for `insufficient_user_authentication` (RFC 9470). */
export interface StepUpChallenge {
  /** What counts: a token of a fresh sign-in, a nonce of a step-up with a passkey, or either. */
  readonly by: 'fresh-token' | 'passkey' | 'either';
  /** Seconds since which the user has to have signed in; absent where no token counts. */
  readonly maxAge?: number;
  /** The values of `acr` that count; absent where any does. */
  readonly acrValues?: readonly string[];
}

/** What an {@link AppError} may say beyond its code. */
export interface AppErrorOptions {
  /** What went wrong underneath. Callers see nothing of it; if it is a `Refusal`, its reason is logged. */
  readonly cause?: unknown;
  /** A sentence for the caller instead of the code's usual one; never holds secrets or other people's data. */
  readonly detail?: string;
  /** A reason that the caller may know, beside the code: `reason` of the Flex protocol's error. */
  readonly told?:
    | 'user_not_active'
    | 'too_many_passkeys'
    | 'unknown_credential'
    | 'insufficient_user_authentication'
    | 'last_passkey';
  /** Seconds until it is worth trying again; becomes `Retry-After`. */
  readonly retryAfter?: number;
  /** What the user's API asks for by `insufficient_user_authentication`. */
  readonly stepUp?: StepUpChallenge;
}

/** A refusal with the code that callers know it by. `ERROR_TABLE` maps the code to HTTP. */
export class AppError extends Refusal {
  /** That of the cause if the cause is a `Refusal`, else the code. */
  readonly reason: string;
  readonly detail: string | undefined;
  readonly told: AppErrorOptions['told'];
  readonly retryAfter: number | undefined;
  readonly stepUp: StepUpChallenge | undefined;

  constructor(
    readonly code: RefusalCode,
    { cause, detail, told, retryAfter, stepUp }: AppErrorOptions = {},
  ) {
    super(detail ?? code, { cause });
    this.name = 'AppError';
    this.reason = cause instanceof Refusal ? cause.reason : code;
    this.detail = detail;
    this.told = told;
    this.retryAfter = retryAfter;
    this.stepUp = stepUp;
  }
}
