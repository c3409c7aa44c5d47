import { createLocalJWKSet, type CryptoKey, errors, type JSONWebKeySet } from 'jose';
import { Unavailable } from '../errors/unavailable.js';
import { type Jwks, KeySetError } from './key-set-source.js';
import { TokenRefusal } from './token-refusal.js';

const MIN_RSA_BITS = 2048;
/** Milliseconds. A set is renewed behind the requests once it is this old … */
const RENEW_AFTER = 300_000;
/** … and no longer used once it is this old, however long its source stays away. */
const MAX_AGE = 600_000;
const RETRY_AFTER_FAILURE = 5_000;
const UNKNOWN_KEY_INTERVAL = 30_000;

/** What jose chooses and imports keys from. */
type LocalKeySet = ReturnType<typeof createLocalJWKSet>;

/**
 * The JWK Set of an issuer, fetched when first needed and by one request at a time. A removed key is forgotten after 5
 * minutes, or 10 while the source is out of reach.
 */
export class RemoteKeySet {
  private all: LocalKeySet = setOf([]);
  private unnamed: LocalKeySet = setOf([]);
  private pending: Promise<void> | null = null;
  private fetchedAt = -Infinity;
  private retryAt = -Infinity;
  private unknownKeyAt = -Infinity;
  private failure: unknown = null;

  constructor(
    /** Fetches the set anew. */
    private readonly source: () => Promise<Jwks>,
    /** Milliseconds on a clock that never goes back. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * The public key with the token's `kid`, or, where either of them names none, the only one for its `alg`. A key serves an
   * algorithm if its type, curve and size fit and its `alg`, `use` and `key_ops`, where present, allow it. An unknown one
   * asks the source again, at most every 30 s. Throws a `TokenRefusal` if the set has no such key, and
   * `Unavailable('token_keys_unavailable')` if that cannot be known now.
   */
  async find(header: { readonly alg: string; readonly kid: string | undefined }): Promise<CryptoKey> {
    const age = this.now() - this.fetchedAt;
    if (age < MAX_AGE) {
      // A request that needs the keys after MAX_AGE learns that this failed; until then the old ones serve.
      if (age >= RENEW_AFTER) this.fetch().catch(() => undefined);
      const key = await this.lookUp(header);
      if (key) return key;
      if (!this.pending && this.now() < this.unknownKeyAt) {
        throw this.failure === null ? new TokenRefusal('unknown_key') : unavailable(this.failure);
      }
      this.unknownKeyAt = this.now() + UNKNOWN_KEY_INTERVAL;
    }
    await this.fetch();
    const key = await this.lookUp(header);
    if (!key) throw new TokenRefusal('unknown_key');
    return key;
  }

  private async lookUp(header: { alg: string; kid: string | undefined }): Promise<CryptoKey | undefined> {
    const key =
      (await oneOf(this.all, header)) ?? (header.kid === undefined ? undefined : await this.sole(header.alg));
    const { modulusLength = MIN_RSA_BITS } = (key?.algorithm ?? {}) as { readonly modulusLength?: number };
    return modulusLength < MIN_RSA_BITS ? undefined : key;
  }

  /** The key for an algorithm, where it is the only one and has no id. */
  private async sole(alg: string): Promise<CryptoKey | undefined> {
    return (await oneOf(this.all, { alg })) && oneOf(this.unnamed, { alg });
  }

  private async fetch(): Promise<void> {
    if (!this.pending && this.now() < this.retryAt) throw unavailable(this.failure);
    this.pending ??= this.renew().finally(() => {
      this.pending = null;
    });
    await this.pending;
  }

  private async renew(): Promise<void> {
    const startedAt = this.now();
    try {
      const keys = await this.source();
      this.all = setOf(keys);
      this.unnamed = setOf(keys.filter(({ kid }) => kid === undefined));
      this.fetchedAt = startedAt;
      this.failure = null;
    } catch (error) {
      this.failure = error;
      this.retryAt = this.now() + RETRY_AFTER_FAILURE;
      throw unavailable(error);
    }
  }
}

const setOf = (keys: Jwks): LocalKeySet => createLocalJWKSet({ keys } as unknown as JSONWebKeySet);

/** Of several keys with the token's id, the first; of several for a token that names none, and of a broken key, none. */
async function oneOf(
  set: LocalKeySet,
  header: { alg: string; kid?: string | undefined },
): Promise<CryptoKey | undefined> {
  try {
    return await set(header);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys) || header.kid === undefined) return undefined;
    for await (const key of error) return key;
    return undefined;
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
