/** The codes of the server's browser side, and the client's own. */
export type PassageErrorCode =
  // The server's.
  | 'invalid_request'
  | 'app_not_found'
  | 'transaction_not_found'
  | 'user_not_active'
  | 'operation_not_allowed'
  | 'webauthn_login_failed'
  | 'discoverable_login_failed'
  | 'exceeded_attempts'
  | 'internal_server_error'
  /** The user declined, waited too long, or has no passkey that fits: browsers do not tell which. */
  | 'passkey_cancelled'
  /** The authenticator holds a passkey for this account already. */
  | 'passkey_already_registered'
  /** Another ceremony began on this page, `cancel` was called, or the signal was aborted. */
  | 'ceremony_aborted'
  /** The browser cannot use passkeys, or the page is not in a secure context. */
  | 'passkeys_not_supported'
  /** The browser offers no passkeys in autofill. */
  | 'conditional_mediation_not_supported'
  /** The authenticator cannot do what the app asks for, such as verifying the user. */
  | 'authenticator_not_supported'
  /** The page's domain may not use the app's RP ID. */
  | 'origin_not_allowed'
  /** The browser still shows another prompt, which this page did not open with the client. */
  | 'prompt_already_open'
  /** Something else went wrong between browser and authenticator; see `cause`. */
  | 'passkey_failed'
  /** An argument or a setting is missing or malformed; nothing was sent. */
  | 'invalid_argument'
  /** No connection, or the server does not allow this page's origin. */
  | 'network_unreachable'
  | 'timed_out'
  /** An answer that the protocol does not know. */
  | 'invalid_response'
  // A later server's.
  | (string & Record<never, never>);

/** How the server lets a user prove again who they are. */
export interface StepUpChallenge {
  /** What counts: a token of a fresh sign-in, the nonce of a step-up with a passkey, or either. */
  readonly by: 'fresh-token' | 'passkey' | 'either';
  /** Seconds since which the user has to have signed in; absent where no token counts. */
  readonly maxAge?: number;
  /** The values of the claim `acr` that count; absent where any does. */
  readonly acrValues?: readonly string[];
}

/** What is known of an error beside its code. */
export interface PassageErrorDetails {
  readonly cause?: unknown;
  readonly retryAfter?: number | null;
  readonly reason?: string | null;
  readonly stepUp?: StepUpChallenge | null;
}

/** The one error that the client throws; decide by `code`, which is stable. */
export class PassageError extends Error {
  override readonly name = 'PassageError';
  /** Seconds after which the server wants to be asked again; null where it does not say. */
  readonly retryAfter: number | null;
  /** What the server tells beyond the code, such as `unknown_credential`; null where it tells nothing. */
  readonly reason: string | null;
  /** What an `insufficient_user_authentication` asks for; null for other codes. */
  readonly stepUp: StepUpChallenge | null;

  constructor(
    readonly code: PassageErrorCode,
    message: string,
    /** HTTP status of the server's answer; 0 without one. */
    readonly statusCode = 0,
    options?: PassageErrorDetails,
  ) {
    super(message, options);
    this.retryAfter = options?.retryAfter ?? null;
    this.reason = options?.reason ?? null;
    this.stepUp = options?.stepUp ?? null;
  }

  /** The {@link code}: where the original had HTTP's reason phrase, which HTTP/2 has none of. */
  get statusText(): PassageErrorCode {
    return this.code;
  }
}
