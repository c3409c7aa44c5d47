import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DatabaseClock } from '../../database/database-clock.js';
import { hashOf } from '../bearer-secret.js';
import type { Handshake } from './handshakes.service.js';

/** People may fail twice with one handshake; more often it is a program that tries responses. */
const CHEAP_REFUSALS = 2;
const COST = 10; // requests
const MAX_HANDSHAKES = 20_000;

/**
 * Counts the refusals of each handshake in this process's memory, which holds those refused last until they expire. A
 * refusal does not spend the handshake, as others who have seen it could then end the user's ceremony; it costs instead.
 */
@Injectable()
export class HandshakeRefusals {
  private readonly counts = new LRUCache<string, number>({
    max: MAX_HANDSHAKES,
    // By the clock that handshakes expire by.
    perf: { now: () => this.clock.now() },
  });

  constructor(private readonly clock: DatabaseClock) {}

  /**
   * Counts one more refusal. Returns which one of the handshake it is, from 1, and its cost: how many requests it counts as,
   * against the rate limit of its sender.
   */
  count({ challenge, expiresAt }: Pick<Handshake, 'challenge' | 'expiresAt'>): {
    readonly number: number;
    readonly cost: number;
  } {
    const key = hashOf(challenge).toString('base64url');
    const count = (this.counts.get(key) ?? 0) + 1;
    // The handshake may have expired since it was opened; a lifetime of 0 would have no end.
    const ttl = Math.max(1, expiresAt * 1000 - this.clock.now());
    this.counts.set(key, count, { ttl });
    return { number: count, cost: count > CHEAP_REFUSALS ? COST : 1 };
  }
}
