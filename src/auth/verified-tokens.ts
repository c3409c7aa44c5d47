import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import { LEEWAY } from './caller.js';
import type { Issuer, TokenHeader, VerificationKey } from './issuer.js';
import { TokenRefusal } from './token-refusal.js';

/** Characters of all tokens together: some 5,000 of the usual length. */
const MAX_SIZE = 4 * 1024 * 1024;

/** A token whose signature, issuer and audience are right, and stay right as long as the key is the issuer's. */
export interface VerifiedToken {
  readonly header: TokenHeader;
  readonly issuer: Issuer;
  readonly key: VerificationKey;
  readonly claims: JWTPayload;
}

/**
 * The tokens that were accepted lately, so that a page which calls several times costs one verification. What time changes
 * is judged at each call: the key must be the issuer's still, and the token must be valid now. Known by their hashes: a
 * dump of this memory gives nobody a token.
 */
export class VerifiedTokens {
  private readonly tokens = new LRUCache<string, VerifiedToken>({ maxSize: MAX_SIZE });

  /** Null if the token is not known, or its key no longer is. Throws a `TokenRefusal` if it is not valid now, and as `keysFor`. */
  async find(token: string): Promise<JWTPayload | null> {
    const known = this.tokens.get(hashOf(token));
    if (!known) return null;
    const { header, issuer, key, claims } = known;
    if (!(await issuer.keysFor(header)).includes(key)) return null;
    assertValidNow(claims);
    return claims;
  }

  add(token: string, verified: VerifiedToken): void {
    this.tokens.set(hashOf(token), verified, { size: token.length });
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64');

/** RFC 7519 §4.1.4 and §4.1.5, with the tolerance and in whole seconds as at the first verification. */
function assertValidNow({ nbf, exp }: JWTPayload): void {
  const now = Math.floor(Date.now() / 1000);
  if (nbf !== undefined && nbf > now + LEEWAY) throw new TokenRefusal('token_not_active');
  if (exp !== undefined && exp <= now - LEEWAY) throw new TokenRefusal('token_expired');
}
