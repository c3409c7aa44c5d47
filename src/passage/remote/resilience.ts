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

/**
 * Bounds what an ailing provider costs: time limits, retries of what is safe to repeat, and a circuit that opens after
 * several failures in a row. Only an `Outage` counts as a failure, and only an `Outage` of ours is added.
 */
export class Resilience {
  private readonly log = new Logger('RemotePassage');
  private readonly reading;
  private readonly writing;
  private readonly whole;
  /** Milliseconds since the epoch. */
  private restsUntil = 0;

  constructor(private readonly limits: ProviderLimits) {
    const breaker = this.makeBreaker();
    const { Cooperative, Aggressive } = TimeoutStrategy;
    // Whatever was sent may have been done; only what never left may be repeated whatever it asks for.
    const read = this.makeRetry((outage) => outage.isTransient);
    const write = this.makeRetry((outage) => outage.neverSent);
    this.reading = wrap(read, breaker, timeout(limits.read, Cooperative));
    this.writing = wrap(write, breaker, timeout(limits.write, Cooperative));
    this.whole = timeout(limits.whole, Aggressive);
  }

  /** For a request that changes nothing, and may be repeated. */
  read<T>(attempt: Attempt<T>, signal: AbortSignal): Promise<T> {
    return this.translate(this.reading.execute((context) => attempt(context.signal), signal));
  }

  /** For a request that is repeated only if it never reached the provider. */
  write<T>(attempt: Attempt<T>, signal: AbortSignal): Promise<T> {
    return this.translate(this.writing.execute((context) => attempt(context.signal), signal));
  }

  /** Bounds the whole of several requests. */
  within<T>(work: Attempt<T>): Promise<T> {
    return this.translate(this.whole.execute((context) => work(context.signal)));
  }

  private makeRetry(isSafe: (outage: Outage) => boolean) {
    const { retries: maxAttempts, maxPause: maxDelay } = this.limits;
    const backoff = new ExponentialBackoff({ initialDelay: maxDelay / 4, maxDelay });
    return retry(handleType(Outage, isSafe), { maxAttempts, backoff });
  }

  private makeBreaker() {
    const { failures, rest } = this.limits;
    const breaker = circuitBreaker(handleType(Outage), {
      halfOpenAfter: rest,
      breaker: new ConsecutiveBreaker(failures),
    });
    breaker.onBreak((last) => {
      this.restsUntil = Date.now() + rest;
      this.log.warn(`The passkey provider is not asked for ${rest} ms: ${describe(last)}`);
    });
    breaker.onReset(() => this.log.log('The passkey provider answers again'));
    return breaker;
  }

  private async translate<T>(result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (error) {
      if (isBrokenCircuitError(error)) {
        const retryAfter = Math.max(1, Math.ceil((this.restsUntil - Date.now()) / 1000));
        throw new Outage('provider_circuit_open', { retryAfter });
      }
      // The package's own isTaskCancelledError never says yes.
      if (error instanceof TaskCancelledError) throw new Outage('provider_timeout');
      throw error;
    }
  }
}

/** The reason and, of a network failure, its code. */
function describe(last: object): string {
  const error = 'error' in last ? last.error : undefined;
  if (!(error instanceof Outage)) return 'unknown';
  const { code } = ((error.cause as Error | undefined)?.cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? `${error.reason} (${code})` : error.reason;
}
