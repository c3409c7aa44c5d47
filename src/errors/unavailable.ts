/** Every code that becomes a 503. */
export type OutageCode =
  | 'database_busy'
  | 'database_unavailable'
  | 'request_deadline_exceeded'
  | 'provider_unavailable'
  | 'token_keys_unavailable';

/** What an {@link Unavailable} says beyond its code. */
export interface UnavailableOptions {
  /** What went wrong underneath; the log has its name and code, and nothing of it is shown. */
  readonly cause: unknown;
  /** Why, as a stable code for logs and metrics, such as `lock_timeout`; the code itself if nothing more is known. */
  readonly reason?: string;
  /** Seconds until it is worth trying again; becomes `Retry-After`. */
  readonly retryAfter: number;
}

/** Something that this service depends on fails at the moment: neither the caller's fault nor a bug. */
export class Unavailable extends Error {
  readonly reason: string;
  readonly retryAfter: number;

  constructor(
    readonly code: OutageCode,
    { cause, reason = code, retryAfter }: UnavailableOptions,
  ) {
    super(reason, { cause });
    this.name = 'Unavailable';
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}
