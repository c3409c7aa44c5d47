import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { tooManyRequests } from '../../http/rate-limit.js';
import { RequestCounts } from '../../http/request-counts.js';

const TRUSTED_FOR = 60_000; // ms
const MAX_TRUSTED = 10_000;

/**
 * Counts the wrong API keys that each network shows. One that showed too many is not looked up for any more, but for the
 * keys that were right from there a moment ago: a stranger behind the same proxy shuts out no server that works.
 */
@Injectable()
export class KeyAttempts {
  private readonly failures = new RequestCounts();
  private readonly trusted = new LRUCache<string, true>({ max: MAX_TRUSTED, ttl: TRUSTED_FOR });

  /** Throws `too_many_requests`. */
  assertAllowed(network: string, keyId: string): void {
    const wait = this.failures.wait(network);
    if (wait > 0 && !this.trusted.has(`${network} ${keyId}`)) throw tooManyRequests(wait);
  }

  wasRight(network: string, keyId: string): void {
    this.trusted.set(`${network} ${keyId}`, true);
  }

  wasWrong(network: string): void {
    this.failures.add(network);
  }
}
