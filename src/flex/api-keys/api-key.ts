import { createHash, timingSafeEqual } from 'node:crypto';

/** The parts of `kw_<12 characters id>_<43 characters secret>`. */
export interface ApiKeyParts {
  readonly id: string;
  readonly secret: string;
}

const API_KEY = /^kw_([A-Za-z0-9]{12})_([A-Za-z0-9_-]{43})$/;

/** Takes a key apart; null if it is none. */
export function parseApiKey(text: string): ApiKeyParts | null {
  const [, id, secret] = API_KEY.exec(text) ?? [];
  return id && secret ? { id, secret } : null;
}

/** SHA-256 of a key's secret, which is random enough to need nothing slower (32 bytes). */
export const hashApiKeySecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Compares in constant time. */
export const isSameHash = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
