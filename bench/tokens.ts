import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { SignJWT } from 'jose';
import { FIXTURE, subjectOf, usernameOf } from './fixture.ts';

const ALGORITHM = 'RS256';
const STEP = 9; // from one user to the next, so that the tokens are of users from all over the tables

export interface Tokens {
  /** PEM. */
  readonly publicKey: string;
  readonly algorithm: string;
  /** Signed tokens of as many different users, valid for an hour. */
  readonly all: readonly string[];
}

/** Makes a key as an identity provider would, and tokens of `count` users. */
export async function makeTokens(count: number): Promise<Tokens> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const all = await Promise.all(
    Array.from({ length: count }, (_, i) => {
      const n = 1 + ((i * STEP) % FIXTURE.users);
      return new SignJWT({ preferred_username: usernameOf(n), scope: 'openid profile' })
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: 'bench-1' })
        .setIssuer(FIXTURE.issuer)
        .setAudience(FIXTURE.audience)
        .setSubject(subjectOf(n))
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(privateKey);
    }),
  );
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  return { publicKey: pem, algorithm: ALGORITHM, all };
}
