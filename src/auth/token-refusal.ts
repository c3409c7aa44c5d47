import { Refusal } from '../errors/refusal.js';

/** Why a token is not accepted: the `cause` of an `AppError`, a code for the log, never for the caller. */
export class TokenRefusal extends Refusal {
  constructor(
    /** A snake_case code; quotes nothing of the token. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'TokenRefusal';
  }
}

/** What jsonwebtoken says, by how its message begins, and the reason an operator looks for. */
const JSONWEBTOKEN_REASONS = [
  ['jwt expired', 'token_expired'],
  ['jwt not active', 'token_not_active'],
  ['jwt audience invalid', 'wrong_audience'],
  ['jwt issuer invalid', 'wrong_issuer'],
  ['invalid signature', 'wrong_signature'],
] as const;

/** Names what the verification of a token threw; any other error is a `malformed_token`. */
export function toRefusal(thrown: unknown): TokenRefusal {
  if (thrown instanceof TokenRefusal) return thrown;
  const message = thrown instanceof Error ? thrown.message : '';
  const known = JSONWEBTOKEN_REASONS.find(([beginning]) => message.startsWith(beginning));
  return new TokenRefusal(known?.[1] ?? 'malformed_token', { cause: thrown });
}
