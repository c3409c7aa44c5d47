import { Logger } from '@nestjs/common';
import {
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleType,
  isBrokenCircuitError,
  retry,
  TaskCancelledError,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import { Outage } from './outage.js';
import type { ProviderLimits } from './provider-limits.js';

/** Runs something that gives up when the signal does. */
export type Attempt<T> = (signal: AbortSignal) => Promise<T>;

export interface LaneRules {
  /** As the log has it. */
  readonly name: 'reads' | 'writes';
  /** Milliseconds for one attempt. */
  readonly limit: number;
  readonly mayRepeat: (outage: Outage) => boolean;
}

/**
 * Requests of one kind: a limit for each attempt, retries where they are safe, and a circuit that opens after several
 * failures in a row. A failure is an `Outage` that no answer came with; what is answered shows that the server is up.
 */
export class Lane {
  private readonly log = new Logger('RemotePassage');
  private readonly retrying;
  private readonly guarded;
  /** Milliseconds since the epoch. */
  private restsUntil = 0;

  constructor({ name, limit, mayRepeat }: LaneRules, limits: ProviderLimits) {
    const { retries: maxAttempts, maxPause: maxDelay } = limits;
    const backoff = new ExponentialBackoff({ initialDelay: maxDelay / 4, maxDelay });
    this.retrying = retry(handleType(Outage, mayRepeat), { maxAttempts, backoff });
    this.guarded = wrap(this.makeBreaker(name, limits), timeout(limit, TimeoutStrategy.Cooperative));
  }

  /** Throws what the attempt does, or an `Outage`; makes no attempt any more once the caller's signal is aborted. */
  async run<T>(attempt: Attempt<T>, signal: AbortSignal): Promise<T> {
    try {
      return await this.retrying.execute(() => {
        giveUpWith(signal);
        return this.guarded.execute(({ signal: limited }) => {
          // Those who waited for a half-open circuit's trial are run by the breaker without the caller's signal.
          giveUpWith(signal);
          return attempt(AbortSignal.any([limited, signal]));
        }, signal);
      }, signal);
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      const retryAfter = Math.max(1, Math.ceil((this.restsUntil - Date.now()) / 1000));
      throw new Outage('provider_circuit_open', { retryAfter });
    }
  }

  private makeBreaker(name: string, { failures, rest }: ProviderLimits) {
    const isFailure = ({ reason }: Outage) => reason !== 'provider_unintelligible';
    const breaker = circuitBreaker(handleType(Outage, isFailure), {
      halfOpenAfter: rest,
      breaker: new ConsecutiveBreaker(failures),
    });
    breaker.onBreak((last) => {
      this.restsUntil = Date.now() + rest;
      this.log.warn(`The passkey provider is sent no ${name} for ${rest} ms: ${describe(last)}`);
    });
    breaker.onReset(() => this.log.log(`The passkey provider answers ${name} again`));
    return breaker;
  }
}

function giveUpWith(signal: AbortSignal): void {
  if (signal.aborted) throw new TaskCancelledError();
}

/** The reason and, of a network failure, its code. */
function describe(last: object): string {
  const error = 'error' in last ? last.error : undefined;
  if (!(error instanceof Outage)) return 'unknown';
  const { code } = ((error.cause as Error | undefined)?.cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? `${error.reason} (${code})` : error.reason;
}
