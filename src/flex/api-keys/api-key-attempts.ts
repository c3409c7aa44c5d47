import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { networkOf } from '../../http/client-address.js';
import { tooManyRequests, waitOf } from '../../http/rate-limit.js';

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
  private readonly trickles = new LRUCache<string, true>({ max: MAX_NETWORKS, ttl: TRICKLE });
  private readonly trusted = new LRUCache<string, true>({ max: MAX_TRUSTED, ttl: TRUSTED_FOR });

  /** Throws `too_many_requests`. */
  async assertAllowed(request: FastifyRequest, keyId: string): Promise<void> {
    const wait = waitOf(await request.server.counts.wrongKey(request, { increment: false }));
    const network = networkOf(request);
    if (wait === 0 || this.trusted.has(`${network} ${keyId}`)) return;
    if (this.trickles.has(network)) throw tooManyRequests(wait);
    this.trickles.set(network, true);
  }

  /** Lets the key through from now on, however many others of its network are wrong. */
  wasRight(request: FastifyRequest, keyId: string): void {
    this.trusted.set(`${networkOf(request)} ${keyId}`, true);
  }

  /** Counts one wrong key more of the request's network. */
  async wasWrong(request: FastifyRequest): Promise<void> {
    await request.server.counts.wrongKey(request);
  }
}
