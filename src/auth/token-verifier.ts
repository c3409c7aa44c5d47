import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import type {
  TokenAlgorithm,
  TokenIssuer,
  TokenKeys,
  VerificationSettings,
} from '../config/configuration.js';
import { LEEWAY } from './caller.js';
import { type Issuer, type KeysFor, keysOf, type TokenHeader, type VerificationKey } from './issuer.js';
import { refusalOf, TokenRefusal } from './token-refusal.js';
import { VerifiedTokens } from './verified-tokens.js';

/** RFC 7519 §5.1 and RFC 9068 §2.1, as media types without their prefix. */
const TYPES = new Set(['jwt', 'at+jwt']);

/** Verifies users' tokens (RFC 7519) as the configuration says. */
export class TokenVerifier {
  private readonly allowed: ReadonlySet<unknown>;
  private readonly issuers: ReadonlyMap<unknown, Issuer>;
  private readonly audienceClaim: string | null;
  private readonly verified = new VerifiedTokens();

  constructor({ issuers, algorithms, audienceClaim }: VerificationSettings) {
    this.allowed = new Set(algorithms);
    this.audienceClaim = audienceClaim;
    const sources = new Map<TokenKeys, KeysFor>();
    const sourceOf = (issuer: TokenIssuer): KeysFor => {
      const known = sources.get(issuer.keys) ?? keysOf(issuer);
      // Issuers that are discovered share nothing, even if the configuration spells them with one object.
      if (issuer.keys.kind !== 'discovery') sources.set(issuer.keys, known);
      return known;
    };
    this.issuers = new Map(
      issuers.map((issuer) => [
        issuer.name,
        { name: issuer.name, audience: issuer.audience, keysFor: sourceOf(issuer) },
      ]),
    );
  }

  /**
   * The claims of a compact JWS that one of the issuers signed for its audience, and that are valid now by `nbf` and
   * `exp` where they are there. The unverified `iss` only chooses the issuer; no other header member than `alg`, `kid`
   * and `typ` steers anything. Throws a `TokenRefusal`, or `Unavailable('token_keys_unavailable')`.
   */
  async verify(token: string): Promise<JWTPayload> {
    return (await this.verified.find(token)) ?? this.verifyAnew(token);
  }

  private async verifyAnew(token: string): Promise<JWTPayload> {
    const header = this.headerOf(token);
    const issuer = this.issuers.get(unverifiedIssuer(token));
    if (!issuer) throw new TokenRefusal('wrong_issuer');
    const { key, claims } = await verifyWith(await issuer.keysFor(header), token, header.alg, issuer.name);
    this.assertAudience(claims, issuer.audience);
    // The sender would have to prove that it holds a key (RFC 7800 §3), which is not asked here.
    if (claims.cnf !== undefined) throw new TokenRefusal('bound_to_sender');
    this.verified.add(token, { header, issuer, key, claims });
    return claims;
  }

  /** Refuses before any key is looked for: another algorithm must not cost a fetch. */
  private headerOf(token: string): TokenHeader {
    const { alg, kid, crit, typ } = decode(() => decodeProtectedHeader(token)) as Record<string, unknown>;
    if (crit !== undefined) throw new TokenRefusal(isExtended(crit) ? 'critical_header' : 'malformed_token');
    if (!isTokenType(typ)) throw new TokenRefusal('unsupported_type');
    if (!this.allowed.has(alg)) throw new TokenRefusal('unsupported_algorithm');
    if (kid !== undefined && typeof kid !== 'string') throw new TokenRefusal('unknown_key');
    return { alg: alg as TokenAlgorithm, kid };
  }

  /** An `aud` is always judged; the configured claim stands for it only where there is none. */
  private assertAudience(claims: JWTPayload, audience: string): void {
    const name = claims.aud !== undefined ? 'aud' : this.audienceClaim;
    const value = name === null || !Object.hasOwn(claims, name) ? undefined : claims[name];
    if (value === undefined) throw new TokenRefusal('missing_audience');
    const audiences: unknown[] = Array.isArray(value) ? value : [value];
    if (!audiences.includes(audience)) throw new TokenRefusal('wrong_audience');
  }
}

/** The claims, and the first of the keys that signed them. */
async function verifyWith(
  keys: readonly VerificationKey[],
  token: string,
  alg: TokenAlgorithm,
  issuer: string,
): Promise<{ readonly key: VerificationKey; readonly claims: JWTPayload }> {
  const expected = { algorithms: [alg], issuer, clockTolerance: LEEWAY };
  let refusal: unknown;
  for (const key of keys) {
    // The settings rule it out too: HMAC with a public key as its secret is the classic forgery.
    if ((key.type === 'secret') !== alg.startsWith('HS')) throw new TokenRefusal('wrong_signature');
    try {
      return { key, claims: (await jwtVerify(token, key, expected)).payload };
    } catch (error) {
      refusal = refusalOf(error);
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw refusal;
    }
  }
  throw refusal;
}

/** RFC 7515 §4.1.11: a `crit` that is not a list, or an empty one, makes the token malformed. */
const isExtended = (crit: unknown): boolean => Array.isArray(crit) && crit.length > 0;

const isTokenType = (typ: unknown): boolean =>
  typ === undefined ||
  (typeof typ === 'string' && TYPES.has(typ.toLowerCase().replace(/^application\//, '')));

const unverifiedIssuer = (token: string): unknown => decode(() => decodeJwt(token)).iss;

function decode<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new TokenRefusal('malformed_token', { cause });
  }
}
