/** The codes of the server, and the client's own at the end. */
export const PassageErrorCode = {
  InvalidRequest: 'invalid_request',
  AccessToken: 'invalid_access_token',
  Nonce: 'invalid_nonce',
  /** The same as `AccessToken`, which is the original's name. */
  InvalidAccessToken: 'invalid_access_token',
  /** The same as `Nonce`, which is the original's name. */
  InvalidNonce: 'invalid_nonce',
  OperationNotAllowed: 'operation_not_allowed',
  CannotCreateTransaction: 'cannot_create_transaction',
  UserNotActive: 'user_not_active',
  AppNotFound: 'app_not_found',
  UserNotFound: 'user_not_found',
  DeviceNotFound: 'device_not_found',
  UserHasNoPasskeys: 'user_has_no_passkeys',
  ExternalIdConflict: 'external_id_conflict',
  ExceededAttempts: 'exceeded_attempts',
  InternalServerError: 'internal_server_error',
  /** An argument or a setting is missing or malformed; nothing was sent. */
  InvalidArgument: 'invalid_argument',
  /** No connection, or it broke. */
  NetworkUnreachable: 'network_unreachable',
  /** No complete answer in time. */
  TimedOut: 'timed_out',
  /** The caller's signal ended the call. */
  Aborted: 'aborted',
  /** An answer that is not of the protocol: a redirect, a proxy's page, a user without an id, another user. */
  InvalidResponse: 'invalid_response',
} as const;

/** Stable; a later server may have codes that this list lacks. */
export type PassageErrorCode =
  (typeof PassageErrorCode)[keyof typeof PassageErrorCode] | (string & Record<never, never>);

/** What a {@link PassageError} may know beyond its code. */
export interface PassageErrorFacts {
  readonly cause?: { readonly name: string; readonly code?: string };
  readonly retryAfter?: number | undefined;
  readonly reason?: string | undefined;
  readonly isRepeatable?: boolean;
}

/**
 * The one error that the client throws. Never holds the API key, a nonce or a transaction: of what was behind it,
 * `cause` has the `name` and, where there is one, the `code`, such as `ECONNREFUSED`.
 */
export class PassageError extends Error {
  override readonly name = 'PassageError';
  /** Seconds until it is worth trying again, at least 1, if the server said so (`Retry-After`). */
  readonly retryAfter: number | undefined;
  /** Keyway's own: what is behind a code that has several reasons, such as `too_many_passkeys`; undefined if not told. */
  readonly reason: string | undefined;
  /** The request that failed, without ids, such as `GET /apps/{app}/users`; undefined if there was none. */
  readonly request: string | undefined = undefined;
  /**
   * Whether the call can be made again without doing anything twice: what failed only reads, or was certainly never
   * sent. Says nothing about whether it would succeed.
   */
  readonly isRepeatable: boolean;

  constructor(
    /** HTTP status of the answer; 0 without one. */
    readonly statusCode: number,
    readonly errorCode: PassageErrorCode,
    message: string,
    { cause, retryAfter, reason, isRepeatable = false }: PassageErrorFacts = {},
  ) {
    super(message, cause && { cause });
    this.reason = reason;
    this.retryAfter = retryAfter;
    this.isRepeatable = isRepeatable;
  }

  /** What 0.2.x called {@link errorCode}. */
  get statusText(): PassageErrorCode {
    return this.errorCode;
  }
}
