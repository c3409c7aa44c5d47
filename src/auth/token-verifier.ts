import type { KeyObject } from 'node:crypto';
import { type CryptoKey, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import type { TokenAlgorithm, TokenSettings } from '../config/configuration.js';
import { LEEWAY } from './claims.js';
import { RemoteKeySet } from './remote-key-set.js';
import { refusalOf, TokenRefusal } from './token-refusal.js';

/** What a token says of the key that signed it. */
export interface TokenHeader {
  readonly alg: TokenAlgorithm;
  readonly kid: string | undefined;
}

/** Verifies users' tokens (RFC 7519) as the configuration says. */
export class TokenVerifier {
  private readonly allowed: ReadonlySet<unknown>;
  private readonly keyFor: (header: TokenHeader) => KeyObject | Promise<CryptoKey>;

  constructor(private readonly settings: TokenSettings) {
    const { key, algorithms } = settings;
    this.allowed = new Set(algorithms);
    if (key.kind === 'jwks') {
      const keys = new RemoteKeySet(key.uri);
      this.keyFor = (header) => keys.find(header);
    } else {
      this.keyFor = () => key.key;
    }
  }

  /**
   * The claims of a compact JWS whose signature, `iss`, `aud`, `nbf` and the passing of `exp` are right. No other header
   * member than `alg` and `kid` steers anything. Throws a `TokenRefusal`, or `Unavailable('token_keys_unavailable')`.
   */
  async verify(token: string): Promise<JWTPayload> {
    const header = this.headerOf(token);
    const key = await this.keyFor(header);
    // The settings rule it out too: HMAC with a public key as its secret is the classic forgery.
    if ((key.type === 'secret') !== header.alg.startsWith('HS')) throw new TokenRefusal('wrong_signature');
    const { issuer, audience } = this.settings;
    const expected = { algorithms: [header.alg], issuer, audience, clockTolerance: LEEWAY };
    try {
      return (await jwtVerify(token, key, expected)).payload;
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** Refuses before any key is looked for: another algorithm must not cost a fetch. */
  private headerOf(token: string): TokenHeader {
    const { alg, kid, crit } = parseHeader(token);
    if (crit !== undefined) throw new TokenRefusal('critical_header');
    if (!this.allowed.has(alg)) throw new TokenRefusal('unsupported_algorithm');
    if (kid !== undefined && typeof kid !== 'string') throw new TokenRefusal('unknown_key');
    return { alg: alg as TokenAlgorithm, kid };
  }
}

function parseHeader(token: string): Readonly<Record<string, unknown>> {
  try {
    return decodeProtectedHeader(token);
  } catch (cause) {
    throw new TokenRefusal('malformed_token', { cause });
  }
}
