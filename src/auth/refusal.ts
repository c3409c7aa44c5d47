/** Why a token or a key set is not accepted: the `cause` of an `AppError`, a code for the log, never for the caller. */
export class Refusal extends Error {
  constructor(
    /** A snake_case code of ours; quotes nothing of the token. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'Refusal';
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

/** Names whatever the verification threw; what is neither ours nor known is a `malformed_token`. */
export function toRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  const message = thrown instanceof Error ? thrown.message : '';
  const known = JSONWEBTOKEN_REASONS.find(([beginning]) => message.startsWith(beginning));
  return new Refusal(known?.[1] ?? 'malformed_token', { cause: thrown });
}
