import type { KeyObject } from 'node:crypto';
import {
  type CryptoKey,
  type JWTHeaderParameters,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
} from 'jose';
import type { TokenAlgorithm, TokenSettings } from '../config/configuration.js';
import { LEEWAY } from './caller.js';
import { RemoteKeySet } from './remote-key-set.js';
import { refusalOf, TokenRefusal } from './token-refusal.js';

/** What a token says of the key that signed it. */
export interface TokenHeader {
  readonly alg: TokenAlgorithm;
  readonly kid: string | undefined;
}

/** Verifies users' tokens (RFC 7519) as the configuration says. */
export class TokenVerifier {
  private readonly expected: JWTVerifyOptions;
  private readonly keyFor: (header: TokenHeader) => KeyObject | Promise<CryptoKey>;

  constructor({ key, algorithms, issuer, audience }: TokenSettings) {
    this.expected = { algorithms: [...algorithms], issuer, audience, clockTolerance: LEEWAY };
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
    try {
      return (await jwtVerify(token, (header) => this.chooseKey(header), this.expected)).payload;
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** Called by jose once it knows that the algorithm is allowed: another one must not cost a fetch. */
  private async chooseKey({ alg, kid, crit }: JWTHeaderParameters): Promise<KeyObject | CryptoKey> {
    if (crit !== undefined) throw new TokenRefusal('critical_header');
    if (kid !== undefined && typeof kid !== 'string') throw new TokenRefusal('unknown_key');
    const key = await this.keyFor({ alg: alg as TokenAlgorithm, kid });
    // The settings rule it out too: HMAC with a public key as its secret is the classic forgery.
    if ((key.type === 'secret') !== alg.startsWith('HS')) throw new TokenRefusal('wrong_signature');
    return key;
  }
}
