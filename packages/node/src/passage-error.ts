/** The codes of the server, and the client's own at the end. */
export const PassageErrorCode = {
  InvalidRequest: 'invalid_request',
  InvalidAccessToken: 'invalid_access_token',
  InvalidNonce: 'invalid_nonce',
  OperationNotAllowed: 'operation_not_allowed',
  CannotCreateTransaction: 'cannot_create_transaction',
  UserNotActive: 'user_not_active',
  AppNotFound: 'app_not_found',
  UserNotFound: 'user_not_found',
  DeviceNotFound: 'device_not_found',
  UserHasNoPasskeys: 'user_has_no_passkeys',
  ExceededAttempts: 'exceeded_attempts',
  InternalServerError: 'internal_server_error',
  /** An argument or a setting is missing or malformed; nothing was sent. */
  InvalidArgument: 'invalid_argument',
  /** No connection, or it broke. */
  NetworkUnreachable: 'network_unreachable',
  /** No complete answer in time. */
  TimedOut: 'timed_out',
  /** An answer that is not of the protocol: a redirect, a proxy's page, a user without an id, another user. */
  InvalidResponse: 'invalid_response',
} as const;

/** Stable; a later server may have codes that this list lacks. */
export type PassageErrorCode =
  (typeof PassageErrorCode)[keyof typeof PassageErrorCode] | (string & Record<never, never>);

/**
 * The one error that the client throws. Never holds the API key, a nonce or a transaction: of what was behind it,
 * `cause` has the `name` and, where there is one, the `code`, such as `ECONNREFUSED`.
 */
export class PassageError extends Error {
  override readonly name = 'PassageError';

  constructor(
    /** HTTP status of the answer; 0 without one. */
    readonly statusCode: number,
    readonly errorCode: PassageErrorCode,
    message: string,
    options?: { cause?: { readonly name: string; readonly code?: string } },
  ) {
    super(message, options);
  }

  /** What 0.2.x called {@link errorCode}. */
  get statusText(): PassageErrorCode {
    return this.errorCode;
  }
}
