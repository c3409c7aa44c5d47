import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DatabaseClock } from '../../database/database-clock.js';
import { hashOf } from '../bearer-secret.js';
import type { Handshake } from './handshakes.service.js';

/** People may fail twice with one handshake; more often it is a program that tries responses. */
const CHEAP_REFUSALS = 2;
const COST = 10; // requests
const MAX_HANDSHAKES = 20_000;
/** More of one handshake tell nothing new, and would fill the trail. */
const WRITTEN = 3;

/** A refusal among those of its handshake. */
export interface CountedRefusal {
  /** Which one it is, from 1. */
  readonly number: number;
  /** How many requests it counts as, against the rate limit of its sender. */
  readonly cost: number;
  /** Whether it is one of those that the audit trail holds. */
  readonly isWritten: boolean;
}

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
   * Counts one more refusal. What a signature has proved is counted for itself as well, so that strangers cannot use up
   * what the trail would tell of a cloned passkey.
   */
  count(handshake: Pick<Handshake, 'challenge' | 'expiresAt'>, isProven: boolean): CountedRefusal {
    const key = hashOf(handshake.challenge).toString('base64url');
    const number = this.increase(key, handshake);
    const ofItsKind = isProven ? this.increase(`proven ${key}`, handshake) : number;
    return { number, cost: number > CHEAP_REFUSALS ? COST : 1, isWritten: ofItsKind <= WRITTEN };
  }

  private increase(key: string, { expiresAt }: Pick<Handshake, 'expiresAt'>): number {
    const count = (this.counts.get(key) ?? 0) + 1;
    // The handshake may have expired since it was opened; a lifetime of 0 would have no end.
    const ttl = Math.max(1, expiresAt * 1000 - this.clock.now());
    this.counts.set(key, count, { ttl });
    return count;
  }
}
