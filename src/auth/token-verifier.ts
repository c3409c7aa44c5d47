import type { KeyObject } from 'node:crypto';
import { base64url, decodeProtectedHeader, type JWTPayload, UnsecuredJWT } from 'jose';
import type { TokenAlgorithm, TokenSettings } from '../config/configuration.js';
import { LEEWAY } from './claims.js';
import { RemoteKeySet } from './remote-key-set.js';
import { claimsRefusal, TokenRefusal } from './token-refusal.js';
import { isSigned } from './token-signature.js';

/** What a token says of the key that signed it. */
export interface TokenHeader {
  readonly alg: TokenAlgorithm;
  readonly kid: string | undefined;
}

/** The header of a token without a signature, for which jose checks claims apart from any. */
const UNSECURED = base64url.encode('{"alg":"none"}');

/** Verifies users' tokens (RFC 7519) as the configuration says. */
export class TokenVerifier {
  private readonly allowed: ReadonlySet<unknown>;
  private readonly keyFor: (header: TokenHeader) => KeyObject | Promise<KeyObject>;

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
    const found = this.keyFor(header);
    const key = found instanceof Promise ? await found : found;
    const [protectedHeader, payload, signature = ''] = token.split('.');
    if (!isSigned(header.alg, key, `${protectedHeader}.${payload}`, Buffer.from(signature, 'base64url'))) {
      throw new TokenRefusal('wrong_signature');
    }
    const { issuer, audience } = this.settings;
    try {
      const unsecured = `${UNSECURED}.${payload}.`;
      return UnsecuredJWT.decode(unsecured, { issuer, audience, clockTolerance: LEEWAY }).payload;
    } catch (error) {
      throw claimsRefusal(error);
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
