import { createHash, randomBytes } from 'node:crypto';

/** What a client holds of a transaction or a nonce, and what is stored of it. */
export interface BearerSecret {
  /** 256 random bits, base64url without padding. */
  readonly text: string;
  readonly hash: Buffer;
}

/** Makes a secret that is told once and never stored. */
export function makeBearerSecret(): BearerSecret {
  const text = randomBytes(32).toString('base64url');
  return { text, hash: hashOf(text) };
}

/** SHA-256 (32 bytes): how a presented secret is looked up. */
export const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
