import { createRemoteJWKSet, type CryptoKey, customFetch, errors } from 'jose';
import { Unavailable } from '../errors/unavailable.js';
import { TokenRefusal } from './token-refusal.js';

const TIMEOUT = 5_000; // ms, for the whole answer
const MAX_BYTES = 256 * 1024;
const MIN_RSA_BITS = 2048;
/** Milliseconds. A set is renewed behind the requests once it is this old … */
const RENEW_AFTER = 300_000;
/** … and no longer used once it is this old, however long its source stays away. */
const MAX_AGE = 600_000;
const RETRY_AFTER_FAILURE = 5_000;
const UNKNOWN_KEY_INTERVAL = 30_000;

/** Why the key set cannot be had: the `cause` of `token_keys_unavailable`, a code for the log. */
class KeySetError extends Error {
  constructor(
    readonly reason: 'keys_malformed' | 'keys_refused' | 'keys_too_large' | 'keys_unreachable',
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'KeySetError';
  }
}

/**
 * The JWK Set behind the configured URI, fetched when first needed and by one request at a time, without redirects,
 * at most 256 kB, within 5 s. A removed key is forgotten after 5 minutes, or 10 while the URI is out of reach. jose
 * fetches the set, and chooses and imports keys; when it does so is decided here, as jose neither pauses between tries
 * while the source is down nor renews a set before it is needed.
 */
export class RemoteKeySet {
  private readonly set: ReturnType<typeof createRemoteJWKSet>;
  private fetchedAt = -Infinity;
  private retryAt = -Infinity;
  private unknownKeyAt = -Infinity;
  private failure: unknown = null;

  constructor(
    uri: string,
    /** Milliseconds on a clock that never goes back. */
    private readonly now: () => number = () => performance.now(),
  ) {
    this.set = createRemoteJWKSet(new URL(uri), {
      timeoutDuration: TIMEOUT,
      cacheMaxAge: Infinity,
      cooldownDuration: Infinity,
      [customFetch]: download,
    });
  }

  /**
   * The public key with the token's `kid`, or, where it names none, the only one for its `alg`. A key serves an algorithm
   * if its type, curve and size fit and its `alg`, `use` and `key_ops`, where present, allow it. An unknown one asks the
   * source again, at most every 30 s. Throws a `TokenRefusal` if the set has no such key, and
   * `Unavailable('token_keys_unavailable')` if that cannot be known now.
   */
  async find(header: { readonly alg: string; readonly kid: string | undefined }): Promise<CryptoKey> {
    const age = this.now() - this.fetchedAt;
    if (age < MAX_AGE) {
      // A request that needs the keys after MAX_AGE learns that this failed; until then the old ones serve.
      if (age >= RENEW_AFTER) this.fetch().catch(() => undefined);
      const key = await this.lookUp(header);
      if (key) return key;
      if (!this.set.reloading && this.now() < this.unknownKeyAt) {
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
    const key = await this.set(header).catch((error: unknown) => firstOf(error, header.kid));
    const { modulusLength = MIN_RSA_BITS } = (key?.algorithm ?? {}) as { readonly modulusLength?: number };
    return modulusLength < MIN_RSA_BITS ? undefined : key;
  }

  private async fetch(): Promise<void> {
    if (!this.set.reloading && this.now() < this.retryAt) throw unavailable(this.failure);
    const startedAt = this.now();
    try {
      await this.set.reload();
      this.fetchedAt = startedAt;
      this.failure = null;
    } catch (error) {
      this.failure = error;
      this.retryAt = this.now() + RETRY_AFTER_FAILURE;
      throw unavailable(error);
    }
  }
}

/** Of several keys with the token's id, the first; of several for a token that names none, and of a broken key, none. */
async function firstOf(thrown: unknown, kid: string | undefined): Promise<CryptoKey | undefined> {
  if (!(thrown instanceof errors.JWKSMultipleMatchingKeys) || kid === undefined) return undefined;
  for await (const key of thrown) return key;
  return undefined;
}

/** The set, without the members that are not objects, for which jose would refuse all of it. */
async function download(uri: string, init: RequestInit): Promise<Response> {
  const text = await read(uri, init);
  try {
    const { keys } = JSON.parse(text) as { keys: unknown[] };
    return Response.json({ keys: keys.filter(isObject) });
  } catch {
    throw new KeySetError('keys_malformed');
  }
}

const isObject = (member: unknown) => typeof member === 'object' && member !== null && !Array.isArray(member);

async function read(uri: string, init: RequestInit): Promise<string> {
  try {
    const response = await fetch(uri, { ...init, redirect: 'error' });
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
