/** What kept the provider from answering; told to the log only. */
export type OutageReason =
  | 'provider_unreachable'
  | 'provider_timeout'
  | 'provider_failed'
  | 'provider_unintelligible'
  | 'provider_circuit_open'
  | 'provider_on_hold'
  | 'provider_throttled'
  | 'provider_key_refused'
  | 'provider_unexpected';

export interface OutageFacts {
  readonly cause?: unknown;
  /** What came instead, in words for the log: nothing but a status and a code of it is quoted. */
  readonly answer?: string;
  /** Seconds until it is worth trying again, if the provider said so. */
  readonly retryAfter?: number | undefined;
  /** Whether the request certainly never left: the connection was not even made. */
  readonly neverSent?: boolean;
  /** Whether the same request may well succeed in a moment. */
  readonly isTransient?: boolean;
}

/** The provider did not answer, or not in the protocol's words. Its text holds no address, key or payload. */
export class Outage extends Error {
  readonly answer: string | undefined;
  readonly retryAfter: number | undefined;
  readonly neverSent: boolean;
  readonly isTransient: boolean;

  constructor(
    readonly reason: OutageReason,
    { cause, answer, retryAfter, neverSent = false, isTransient = false }: OutageFacts = {},
  ) {
    super(reason, { cause });
    this.name = 'Outage';
    this.answer = answer;
    this.retryAfter = retryAfter;
    this.neverSent = neverSent;
    this.isTransient = isTransient;
  }
}
