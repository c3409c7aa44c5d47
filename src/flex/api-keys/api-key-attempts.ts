import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { tooManyRequests } from '../../http/rate-limit.js';
import { RequestCounts } from '../../http/request-counts.js';

const TRUSTED_FOR = 86_400_000; // ms
const MAX_TRUSTED = 10_000;
const TRICKLE = 1_000; // ms
const MAX_NETWORKS = 20_000;

/**
 * Counts the wrong API keys that each network presents. From a network with too many, one key a second is looked up, and
 * every key that was right from there within a day (which does not say that it still is): a stranger behind the same
 * proxy does not lock out a server that works.
 */
@Injectable()
export class ApiKeyAttempts {
  private readonly failures = new RequestCounts();
  private readonly trickles = new LRUCache<string, true>({ max: MAX_NETWORKS, ttl: TRICKLE });
  private readonly trusted = new LRUCache<string, true>({ max: MAX_TRUSTED, ttl: TRUSTED_FOR });

  /** Throws `too_many_requests`. */
  assertAllowed(network: string, keyId: string): void {
    const wait = this.failures.wait(network);
    if (wait === 0 || this.trusted.has(`${network} ${keyId}`)) return;
    if (this.trickles.has(network)) throw tooManyRequests(wait);
    this.trickles.set(network, true);
  }

  wasRight(network: string, keyId: string): void {
    this.trusted.set(`${network} ${keyId}`, true);
  }

  wasWrong(network: string): void {
    this.failures.add(network);
  }
}
