import { randomBytes, randomUUID } from 'node:crypto';
import { type CryptoKey, exportSPKI, generateKeyPair, type JWK, exportJWK, SignJWT } from 'jose';

export const ISSUER = 'https://login.shop.example';
export const AUDIENCE = 'keyway';

/** A key that signs users' tokens. */
export interface SigningKey {
  readonly algorithm: 'HS256' | 'ES256';
  readonly key: Uint8Array | CryptoKey;
  readonly kid?: string;
}

/** With its text, as `JWT_SECRET` has it. */
export function aTokenSecret(): SigningKey & { readonly text: string } {
  const text = randomBytes(32).toString('base64url');
  return { algorithm: 'HS256', key: Buffer.from(text), text };
}

/** With its public half, as `JWT_PUBLIC_KEY` and as a JWK Set have it. */
export async function aTokenKey(): Promise<SigningKey & { readonly text: string; readonly jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const kid = randomUUID();
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
  return { algorithm: 'ES256', key: privateKey, kid, text: await exportSPKI(publicKey), jwk };
}

export const anApiKey = (): string =>
  `kw_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('base64url')}`;

/** What the shop's login and its server hold at the moment; a test changes it in mid-run. */
export class Credentials {
  constructor(
    public signingKey: SigningKey,
    public apiKey: string,
  ) {}

  /** A user's token, as the shop's login gives it. */
  token(subject: string): Promise<string> {
    const { algorithm, key, kid } = this.signingKey;
    return new SignJWT({ name: 'Ada' })
      .setProtectedHeader({ alg: algorithm, ...(kid !== undefined && { kid }) })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(subject)
      .setExpirationTime('5 minutes')
      .sign(key);
  }
}
