import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { TokenAlgorithm } from '../config/configuration.js';

const MIN_RSA_BITS = 2048;
const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** Why there is no key set: the `cause` of `token_keys_unavailable`, a code for the log. */
export class KeySetError extends Error {
  constructor(
    readonly reason: 'keys_malformed' | 'keys_refused' | 'keys_too_large' | 'keys_unreachable',
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'KeySetError';
  }
}

interface KeysOfAlgorithm {
  readonly all: KeyObject[];
  readonly byId: Map<string, KeyObject>;
}

/**
 * The verification keys of one JWK Set (RFC 7517), made ready once. A key serves an algorithm only if its type, curve
 * and size fit and its `alg`, `use` and `key_ops`, where present, allow it; symmetric and private keys are never used.
 */
export class KeySet {
  private constructor(private readonly keys: ReadonlyMap<string, KeysOfAlgorithm>) {}

  /** Leaves out every key it cannot use; throws a `KeySetError` only if the document is not a JWK Set. */
  static parse(json: string, algorithms: readonly TokenAlgorithm[]): KeySet {
    const keys = new Map<string, KeysOfAlgorithm>(
      algorithms.map((alg) => [alg, { all: [], byId: new Map() }]),
    );
    for (const jwk of membersOf(json)) {
      const key = toPublicKey(jwk);
      if (!key) continue;
      for (const [alg, { all, byId }] of keys) {
        if (!serves(jwk, alg)) continue;
        all.push(key);
        if (typeof jwk.kid === 'string' && !byId.has(jwk.kid)) byId.set(jwk.kid, key);
      }
    }
    return new KeySet(keys);
  }

  /** The key with this id, or, where the token names none, the only key for its algorithm. */
  find(alg: string, kid: string | undefined): KeyObject | undefined {
    const keys = this.keys.get(alg);
    if (kid !== undefined) return keys?.byId.get(kid);
    return keys?.all.length === 1 ? keys.all[0] : undefined;
  }
}

function membersOf(json: string): JsonWebKey[] {
  const set = parseJson(json) as { readonly keys?: unknown } | null;
  if (typeof set !== 'object' || !Array.isArray(set?.keys)) throw new KeySetError('keys_malformed');
  return set.keys.filter((member): member is JsonWebKey => typeof member === 'object' && member !== null);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new KeySetError('keys_malformed');
  }
}

function toPublicKey(jwk: JsonWebKey): KeyObject | null {
  // A private key in a public document is everybody's: nothing signed by it proves anything.
  if ((jwk.kty !== 'RSA' && jwk.kty !== 'EC') || jwk.d !== undefined) return null;
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const bits = key.asymmetricKeyDetails?.modulusLength;
    return bits !== undefined && bits < MIN_RSA_BITS ? null : key;
  } catch {
    return null;
  }
}

function serves(jwk: JsonWebKey, alg: string): boolean {
  if (jwk.use !== undefined && jwk.use !== 'sig') return false;
  if (jwk.alg !== undefined && jwk.alg !== alg) return false;
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify')))
    return false;
  if (/^[RP]S/.test(alg)) return jwk.kty === 'RSA';
  return jwk.kty === 'EC' && CURVES[alg] !== undefined && CURVES[alg] === jwk.crv;
}
