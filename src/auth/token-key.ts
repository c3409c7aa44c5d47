import type { KeyObject } from 'node:crypto';
import type { TokenSettings } from '../config/configuration.js';
import { TokenRefusal } from './token-refusal.js';
import { RemoteKeySet } from './remote-key-set.js';

/** passport-jwt's `secretOrKeyProvider`, as jsonwebtoken takes a `KeyObject` and verifies fastest with it. */
type KeyProvider = (request: unknown, token: string, done: KeyCallback) => void;
type KeyCallback = (error: unknown, key?: KeyObject) => void;

interface Header {
  readonly alg: string;
  readonly kid: string | undefined;
}

/**
 * Finds the key for a token: the configured one, or the one that the JWK Set has for its `alg` and `kid`. No other
 * header member steers anything. Throws, or gives to `done`, a `TokenRefusal` for a header that is not to be trusted with a
 * key, and `Unavailable('token_keys_unavailable')` where the set is out of reach.
 */
export function tokenKeyProvider({ key, algorithms }: TokenSettings): KeyProvider {
  const allowed: ReadonlySet<string> = new Set(algorithms);
  if (key.kind !== 'jwks') {
    return (_request, token, done) => {
      readHeader(token, allowed);
      done(null, key.key);
    };
  }
  const keys = new RemoteKeySet(key.uri, algorithms);
  return (_request, token, done) => {
    const { alg, kid } = readHeader(token, allowed);
    const known = keys.known(alg, kid);
    if (known) return done(null, known);
    keys
      .find(alg, kid)
      .then((found) => (found ? done(null, found) : done(new TokenRefusal('unknown_key'))))
      // Also what the verification itself throws: after a fetch nothing else catches it.
      .catch(done);
  };
}

/** Refuses before any key is looked for: another algorithm must not cost a fetch, and jsonwebtoken ignores `crit`. */
function readHeader(token: string, allowed: ReadonlySet<string>): Header {
  const header = parseHeader(token);
  if (typeof header !== 'object' || header === null) throw new TokenRefusal('malformed_token');
  const { alg, kid, crit } = header as Record<string, unknown>;
  if (crit !== undefined) throw new TokenRefusal('critical_header');
  if (typeof alg !== 'string' || !allowed.has(alg)) throw new TokenRefusal('unsupported_algorithm');
  if (kid !== undefined && typeof kid !== 'string') throw new TokenRefusal('unknown_key');
  return { alg, kid };
}

function parseHeader(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString('utf8'));
  } catch {
    throw new TokenRefusal('malformed_token');
  }
}
