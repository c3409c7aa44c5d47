import type rateLimit from '@fastify/rate-limit';
import { LRUCache } from 'lru-cache';
import type { Count, SharedCounts } from './shared-counts.js';

const MAX_CALLERS = 20_000; // of each kind, in this process's memory, which holds those counted last

type Callback = (error: Error | null, count?: Count) => void;

/** A count as this process last knew it; `endsAt` by its steady clock, in milliseconds. */
interface KnownCount {
  current: number;
  endsAt: number;
}

/**
 * The counts of `@fastify/rate-limit`, under keys of a kind, a space and a caller. Where replicas share them, this process
 * remembers what it was told last: by that it refuses callers past their limit unasked, answers `read`, and goes on alone when
 * the shared ones are away.
 */
export class CountStore implements rateLimit.FastifyRateLimitStore {
  private readonly kinds = new Map<string, LRUCache<string, KnownCount>>();

  /** @param own kinds that are not shared */
  constructor(
    private readonly shared: SharedCounts | null,
    private readonly own: readonly string[] = [],
  ) {}

  incr(key: string, done: Callback, window: number, max: number): void {
    const known = this.count(key, window);
    if (!this.shared || known.current > max || this.own.includes(kindOf(key)))
      return done(null, toCount(known));
    this.shared.add(key, window).then((count) => {
      if (count) this.learn(key, count);
      done(null, count ?? toCount(known));
    }, done);
  }

  /** As far as this process knows. */
  read(key: string, done: Callback): void {
    const known = this.countsLike(key).get(key);
    done(null, known && known.endsAt > performance.now() ? toCount(known) : { current: 0, ttl: 0 });
  }

  /** One store for all: keys tell the kinds apart. */
  child(): this {
    return this;
  }

  private count(key: string, window: number): KnownCount {
    const now = performance.now();
    const counts = this.countsLike(key);
    let known = counts.get(key);
    if (!known || known.endsAt <= now) counts.set(key, (known = { current: 0, endsAt: now + window }));
    known.current += 1;
    return known;
  }

  private learn(key: string, { current, ttl }: Count): void {
    this.countsLike(key).set(key, { current, endsAt: performance.now() + ttl });
  }

  /** A place of its own for each kind, so that addresses without end do not push out the counts of users. */
  private countsLike(key: string): LRUCache<string, KnownCount> {
    const kind = kindOf(key);
    let counts = this.kinds.get(kind);
    if (!counts) this.kinds.set(kind, (counts = new LRUCache({ max: MAX_CALLERS })));
    return counts;
  }
}

const kindOf = (key: string): string => key.slice(0, key.indexOf(' '));

const toCount = ({ current, endsAt }: KnownCount): Count => ({
  current,
  ttl: Math.max(0, endsAt - performance.now()),
});
