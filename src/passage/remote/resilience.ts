import { TaskCancelledError, timeout, TimeoutStrategy } from 'cockatiel';
import { type Attempt, Lane } from './lane.js';
import { Outage } from './outage.js';
import type { ProviderLimits } from './provider-limits.js';

/** Bounds what an ailing provider costs: it may read and not write, so that each has a circuit of its own. */
export class Resilience {
  /** For requests that change nothing, and may be repeated. */
  readonly reads: Lane;
  /** For requests that are repeated only if they never reached the provider: whatever was sent may have been done. */
  readonly writes: Lane;
  private readonly whole;

  constructor(limits: ProviderLimits) {
    this.reads = new Lane(
      { name: 'reads', limit: limits.read, mayRepeat: (outage) => outage.isTransient },
      limits,
    );
    this.writes = new Lane(
      { name: 'writes', limit: limits.write, mayRepeat: (outage) => outage.neverSent },
      limits,
    );
    this.whole = timeout(limits.whole, TimeoutStrategy.Aggressive);
  }

  /** Bounds the whole of several requests; throws an `Outage` when the time is up. */
  async within<T>(work: Attempt<T>): Promise<T> {
    try {
      return await this.whole.execute(({ signal }) => work(signal));
    } catch (error) {
      // The package's own isTaskCancelledError never says yes.
      throw error instanceof TaskCancelledError ? new Outage('provider_timeout') : error;
    }
  }
}
