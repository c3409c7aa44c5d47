import type { KeyObject } from 'node:crypto';
import type { TokenAlgorithm } from '../config/configuration.js';
import { Unavailable } from '../errors/unavailable.js';
import { KeySet, KeySetError } from './key-set.js';

const TIMEOUT = 5_000; // ms, for the whole answer
const MAX_BYTES = 256 * 1024;
/** Milliseconds. A set is renewed behind the requests once it is this old … */
const RENEW_AFTER = 300_000;
/** … and no longer used once it is this old, however long its source stays away. */
const MAX_AGE = 600_000;
const RETRY_AFTER_FAILURE = 5_000;
const UNKNOWN_KEY_INTERVAL = 30_000;

/**
 * The JWK Set behind the configured URI, fetched when first needed and by one request at a time, without redirects,
 * at most 256 kB, within 5 s. A removed key is forgotten after 5 minutes, or 10 while the URI is out of reach.
 */
export class RemoteKeySet {
  private keys: KeySet | null = null;
  private fetchedAt = -Infinity;
  private retryAt = -Infinity;
  private unknownKeyAt = -Infinity;
  private failure: unknown = null;
  private fetching: Promise<void> | null = null;

  constructor(
    private readonly uri: string,
    private readonly algorithms: readonly TokenAlgorithm[],
    /** Milliseconds on a clock that never goes back. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The key if it is at hand, without waiting; `find` answers for all others. */
  known(alg: string, kid: string | undefined): KeyObject | undefined {
    const age = this.now() - this.fetchedAt;
    if (age >= MAX_AGE) return undefined;
    // Whoever needs the keys after MAX_AGE learns that this failed; until then the old ones serve.
    if (age >= RENEW_AFTER) this.fetch().catch(() => undefined);
    return this.keys?.find(alg, kid);
  }

  /**
   * The key, fetched if necessary: an unknown id asks the source again, at most every 30 s. Undefined if the set has
   * no such key; throws `Unavailable('token_keys_unavailable')` if that cannot be known now.
   */
  async find(alg: string, kid: string | undefined): Promise<KeyObject | undefined> {
    if (this.now() - this.fetchedAt < MAX_AGE && !this.fetching) {
      const key = this.known(alg, kid);
      if (key) return key;
      if (this.now() < this.unknownKeyAt) {
        if (this.failure !== null) throw unavailable(this.failure);
        return undefined;
      }
      this.unknownKeyAt = this.now() + UNKNOWN_KEY_INTERVAL;
    }
    await this.fetch();
    return this.keys?.find(alg, kid);
  }

  private fetch(): Promise<void> {
    if (this.fetching) return this.fetching;
    if (this.now() < this.retryAt) return Promise.reject(unavailable(this.failure));
    this.fetching = this.load().finally(() => (this.fetching = null));
    return this.fetching;
  }

  private async load(): Promise<void> {
    const startedAt = this.now();
    try {
      this.keys = KeySet.parse(await download(this.uri), this.algorithms);
      this.fetchedAt = startedAt;
      this.failure = null;
    } catch (error) {
      this.failure = error;
      this.retryAt = this.now() + RETRY_AFTER_FAILURE;
      throw unavailable(error);
    }
  }
}

async function download(uri: string): Promise<string> {
  try {
    const response = await fetch(uri, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (response.status !== 200 || !response.body) throw new KeySetError('keys_refused');
    const chunks: Uint8Array[] = [];
    let size = 0;
    // Counted as decoded, so that a small compressed answer cannot become a large one.
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MAX_BYTES) throw new KeySetError('keys_too_large');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    throw error instanceof KeySetError ? error : new KeySetError('keys_unreachable', { cause: error });
  }
}

function unavailable(cause: unknown): Unavailable {
  const reason = cause instanceof KeySetError ? { reason: cause.reason } : {};
  return new Unavailable('token_keys_unavailable', {
    cause,
    ...reason,
    retryAfter: RETRY_AFTER_FAILURE / 1000,
  });
}
