import { Outage } from './outage.js';

const EVERYTHING = '*';

/**
 * Until when the provider is not asked because it said so. An answer of a server in trouble is about all of it; one that
 * we ask too often is about that route, as servers count routes, and callers of routes without a key, apart.
 */
export class Holds {
  /** Milliseconds since the epoch. */
  private readonly until = new Map<string, number>();

  /** Throws an `Outage` while the route is not to be asked. */
  check(route: string): void {
    const until = Math.max(this.until.get(EVERYTHING) ?? 0, this.until.get(route) ?? 0);
    const retryAfter = Math.ceil((until - Date.now()) / 1000);
    if (retryAfter > 0) throw new Outage('provider_on_hold', { retryAfter });
  }

  /** Remembers what the provider said about when to come back, if it did. */
  heed(route: string, { reason, retryAfter }: Outage): void {
    if (retryAfter === undefined) return;
    if (reason === 'provider_failed') this.prolong(EVERYTHING, retryAfter);
    if (reason === 'provider_throttled') this.prolong(route, retryAfter);
  }

  /** Answers come in any order: none shortens what another said. */
  private prolong(what: string, seconds: number): void {
    this.until.set(what, Math.max(this.until.get(what) ?? 0, Date.now() + seconds * 1000));
  }
}
