import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { hashOf } from '../bearer-secret.js';
import type { Handshake } from './handshakes.service.js';

/** A person may fail twice with one handshake; who goes on is trying responses out. */
const CHEAP_REFUSALS = 2;
const COST = 10; // requests
const MAX_HANDSHAKES = 20_000;

/**
 * Counts the refusals of each handshake in this process's memory, which holds those refused last until they expire. A
 * refusal does not spend the handshake, so that a stranger who has seen one cannot end its ceremony: it costs instead.
 */
@Injectable()
export class HandshakeRefusals {
  private readonly counts = new LRUCache<string, number>({
    max: MAX_HANDSHAKES,
    // By the clock that handshakes expire by.
    perf: { now: () => Date.now() },
  });

  /** Counts one refusal more; answers as how many requests it counts against the rate limit of who caused it. */
  count({ challenge, expiresAt }: Pick<Handshake, 'challenge' | 'expiresAt'>): number {
    const key = hashOf(challenge).toString('base64url');
    const count = (this.counts.get(key) ?? 0) + 1;
    // It may have expired since it was opened, and a lifetime of 0 would be one without an end.
    const ttl = Math.max(1, expiresAt * 1000 - Date.now());
    this.counts.set(key, count, { ttl });
    return count > CHEAP_REFUSALS ? COST : 1;
  }
}
