/**
 * What is refused on purpose. `instanceof Refusal` tells it from a bug or an outage: only a refusal becomes a 4xx. Its
 * message and its `reason` hold no secret and nothing of what was refused.
 */
export abstract class Refusal extends Error {
  /** Why, as a stable code for logs, metrics and the audit trail, such as `handshake_spent`. */
  abstract readonly reason: string;
}
