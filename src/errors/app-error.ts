/** Every way a request can fail, in the domain's words; each edge maps all of them to its own shape. */
export type ErrorCode =
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
  // apps, users and their passkeys
  | 'app_not_found'
  | 'user_not_found'
  | 'user_not_active'
  | 'user_has_no_passkeys'
  | 'device_not_found'
  | 'too_many_passkeys'
  // ceremonies
  | 'transaction_not_found'
  | 'registration_refused'
  | 'authentication_refused'
  | 'discoverable_authentication_refused'
  | 'invalid_nonce'
  // this service
  | 'token_keys_unavailable'
  | 'provider_unavailable'
  | 'database_unavailable'
  | 'internal_error';

export interface AppErrorOptions {
  /** What went wrong underneath; logged, never shown. */
  readonly cause?: unknown;
  /** A sentence for the caller instead of the code's usual one; never holds secrets or other people's data. */
  readonly detail?: string;
  /** Seconds until it is worth trying again; becomes `Retry-After`. */
  readonly retryAfter?: number;
}

/** A failure with a stable code. It knows nothing of HTTP: the error filter alone turns it into an answer. */
export class AppError extends Error {
  readonly detail: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(
    readonly code: ErrorCode,
    { cause, detail, retryAfter }: AppErrorOptions = {},
  ) {
    super(detail ?? code, { cause });
    this.name = 'AppError';
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}
