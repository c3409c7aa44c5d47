import { errors } from 'jose';
import { Refusal } from '../errors/refusal.js';

/** Why a token is not accepted, as the log says it; `docs/codes.md` explains each. */
export const TOKEN_REASONS = [
  // before anything is verified
  'several_authorization_headers',
  'token_too_long',
  'malformed_token',
  'critical_header',
  'unsupported_type',
  'unsupported_algorithm',
  'wrong_issuer',
  // the signature
  'unknown_key',
  'wrong_signature',
  // the claims
  'token_not_active',
  'token_expired',
  'missing_audience',
  'wrong_audience',
  'bound_to_sender',
  'missing_expiry',
  'issued_in_the_future',
  'unusable_subject',
] as const;

/** One of {@link TOKEN_REASONS}. */
export type TokenReason = (typeof TOKEN_REASONS)[number];

/** Why a token is not accepted: the `cause` of an `AppError`, for the log and never for the caller. */
export class TokenRefusal extends Refusal {
  constructor(
    readonly reason: TokenReason,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'TokenRefusal';
  }
}

const BY_CODE: Readonly<Record<string, TokenReason>> = {
  [errors.JOSENotSupported.code]: 'critical_header',
  [errors.JOSEAlgNotAllowed.code]: 'unsupported_algorithm',
  [errors.JWSSignatureVerificationFailed.code]: 'wrong_signature',
  [errors.JWTExpired.code]: 'token_expired',
};

const BY_CLAIM: Readonly<Record<string, TokenReason>> = {
  iss: 'wrong_issuer',
  nbf: 'token_not_active',
  exp: 'missing_expiry',
  iat: 'issued_in_the_future',
};

/** Names what jose found wrong with a token; any other error is returned as it is. */
export function refusalOf(thrown: unknown): unknown {
  return thrown instanceof errors.JOSEError ? new TokenRefusal(reasonOf(thrown), { cause: thrown }) : thrown;
}

function reasonOf(error: errors.JOSEError): TokenReason {
  if (error instanceof errors.JWTClaimValidationFailed) return BY_CLAIM[error.claim] ?? 'malformed_token';
  return BY_CODE[error.code] ?? 'malformed_token';
}
