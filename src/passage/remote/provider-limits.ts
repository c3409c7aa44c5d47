/** How long the provider is waited for, and how often it is asked. Times in milliseconds. */
export interface ProviderLimits {
  /** For one attempt of a request that changes nothing. */
  readonly read: number;
  /** For one attempt of any other. */
  readonly write: number;
  /** For everything that one call of ours takes, retries and their pauses included. */
  readonly whole: number;
  readonly retries: number;
  /** The longest pause before a retry. */
  readonly maxPause: number;
  /** Failures in a row, of reads or of writes, until the provider is given a rest from them … */
  readonly failures: number;
  /** … of this length, in which none is sent; then one request finds out whether it is back. */
  readonly rest: number;
}

export const PROVIDER_LIMITS: ProviderLimits = {
  read: 2_000,
  write: 5_000,
  whole: 8_000,
  retries: 2,
  maxPause: 400,
  failures: 5,
  rest: 10_000,
};
