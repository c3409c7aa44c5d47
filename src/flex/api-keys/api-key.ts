import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { ApiKeyScope } from '../../config/configuration.js';

/** The parts of `kw_<12 characters id>_<43 characters secret>`. */
export interface ApiKeyParts {
  readonly id: string;
  readonly secret: string;
}

/** An API key as its operator sees it: neither its secret nor the hash of it. */
export interface ApiKeyRecord {
  readonly id: string;
  readonly appId: string;
  readonly state: 'active' | 'expired' | 'revoked';
  /** `settings` for the key of `APP_API_KEY`, `operator` for any other. */
  readonly source: 'settings' | 'operator';
  readonly scopes: readonly ApiKeyScope[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** To the minute; null if the key was never used. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

const API_KEY = /^kw_([A-Za-z0-9]{12})_([A-Za-z0-9_-]{43})$/;

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 12;

/** Makes a key with a secret of 256 random bits; `key` is the whole of it. */
export function makeApiKey(): ApiKeyParts & { readonly key: string } {
  const id = Array.from({ length: ID_LENGTH }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join('');
  const secret = randomBytes(32).toString('base64url');
  return { id, secret, key: `kw_${id}_${secret}` };
}

/** The parts of a key; null if the text is not a key. */
export function parseApiKey(text: string): ApiKeyParts | null {
  const [, id, secret] = API_KEY.exec(text) ?? [];
  return id && secret ? { id, secret } : null;
}

/** SHA-256 of a key's secret, which is random enough to need nothing slower (32 bytes). */
export const hashApiKeySecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Compares in constant time. */
export const isSameHash = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
