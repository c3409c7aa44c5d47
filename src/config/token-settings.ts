import { createSecretKey } from 'node:crypto';
import { baseUrlProblem } from './addresses.js';
import {
  TOKEN_ALGORITHMS,
  type TokenAlgorithm,
  type TokenKeys,
  type VerificationSettings,
} from './configuration.js';
import { splitList } from './environment.js';
import { isWeak, MIN_SECRET_BYTES } from './keyway-secrets.js';
import { readPublicKey } from './public-key.js';
import { Required, type Rule, Setting, Together, Variables } from './variables.js';

const KEY_SETTINGS = ['JWT_JWKS_URI', 'JWT_PUBLIC_KEY', 'JWT_SECRET'] as const;
const ONE_KEY = 'Set exactly one of JWT_JWKS_URI, JWT_PUBLIC_KEY and JWT_SECRET';
const ISSUER = 'the iss claim of the users’ tokens, exactly as it stands there';
const AUDIENCE = 'the aud claim that the users’ tokens carry for this service';

const HMAC = TOKEN_ALGORITHMS.filter((algorithm) => algorithm.startsWith('HS'));
const ASYMMETRIC = TOKEN_ALGORITHMS.filter((algorithm) => !algorithm.startsWith('HS'));

/** A key with the algorithms it can serve and those it serves unless told otherwise. */
interface UsableKey {
  readonly keys: TokenKeys;
  readonly possible: readonly TokenAlgorithm[];
  readonly usual: readonly TokenAlgorithm[];
}

const jwksUri: Rule<TokenVariables> = (text, { env }) =>
  // Other than a base URL, it may have a query.
  baseUrlProblem(text.replace(/\?[^#]*/, ''), 'loopback', !env.isProduction) === undefined
    ? undefined
    : 'Set JWT_JWKS_URI to the https address of the JWK Set, without user name, password and fragment, ' +
      'such as https://login.example.com/.well-known/jwks.json (http on loopback only, outside production).';

const publicKey: Rule<unknown> = (text) => {
  const found = readPublicKey(text);
  return 'problem' in found ? found.problem : undefined;
};

const sharedSecret: Rule<unknown> = (text) =>
  Buffer.byteLength(text) >= MIN_SECRET_BYTES && !isWeak(Buffer.from(text))
    ? undefined
    : `Set JWT_SECRET to the secret that signs the users’ tokens, ${MIN_SECRET_BYTES} random bytes or more.`;

const algorithms: Rule<TokenVariables> = (text, group) => {
  const problems = splitList(text).map((name) => algorithmProblem(name, group.usableKey()));
  return [...new Set(problems.filter((it) => it !== undefined))].map((it) => `Set JWT_ALGORITHMS ${it}.`);
};

const claim =
  (what: string): Rule<unknown> =>
  (text, _group, name) =>
    text.trim() === text && !/\p{Cc}/u.test(text)
      ? undefined
      : `Set ${name} to ${what}, without spaces around it and without control characters.`;

/**
 * How users' tokens are verified: exactly one key, issuer, audience, and algorithms of the key's kind: by default HS256
 * for a secret, RS256 for an RSA key, that of its curve for an EC or Ed25519 key, RS256 and ES256 for a JWK Set.
 */
@Together<TokenVariables>(({ keysGiven }) =>
  keysGiven.length > 1 ? `${ONE_KEY}: ${keysGiven.join(' and ')} are set.` : undefined,
)
export class TokenVariables extends Variables<VerificationSettings> {
  @Required<TokenVariables>(
    `${ONE_KEY} to say how the users’ tokens are verified.`,
    ({ keysGiven }) => keysGiven.length === 0,
  )
  @Setting(jwksUri)
  JWT_JWKS_URI?: string;

  @Setting(publicKey, { isSecret: true })
  JWT_PUBLIC_KEY?: string;

  @Setting(sharedSecret, { isSecret: true })
  JWT_SECRET?: string;

  @Setting(algorithms)
  JWT_ALGORITHMS?: string;

  @Required(`Set JWT_ISSUER to ${ISSUER}.`)
  @Setting(claim(ISSUER))
  JWT_ISSUER?: string;

  @Required(`Set JWT_AUDIENCE to ${AUDIENCE}.`)
  @Setting(claim(AUDIENCE))
  JWT_AUDIENCE?: string;

  get keysGiven(): string[] {
    return KEY_SETTINGS.filter((name) => this.env.givenAs(name) !== undefined);
  }

  /** The one key, if there is just one and it is good. */
  usableKey(): UsableKey | undefined {
    if (this.keysGiven.length !== 1) return undefined;
    const { JWT_JWKS_URI: uri, JWT_PUBLIC_KEY: pem, JWT_SECRET: secret } = this;
    if (uri !== undefined && jwksUri(uri, this, '') === undefined) {
      return {
        keys: { kind: 'jwks', uri: new URL(uri).href },
        possible: ASYMMETRIC,
        usual: ['RS256', 'ES256'],
      };
    }
    if (secret !== undefined && sharedSecret(secret, this, '') === undefined) {
      const key = createSecretKey(Buffer.from(secret));
      return { keys: { kind: 'given', keys: [{ key, algorithms: HMAC }] }, possible: HMAC, usual: ['HS256'] };
    }
    const found = pem === undefined ? undefined : readPublicKey(pem);
    if (!found || 'problem' in found) return undefined;
    const { algorithms: possible } = found;
    return { keys: { kind: 'given', keys: [found] }, possible, usual: possible.slice(0, 1) };
  }

  toSettings(): VerificationSettings {
    const { keys, usual } = this.usableKey()!;
    const named = this.JWT_ALGORITHMS && ([...new Set(splitList(this.JWT_ALGORITHMS))] as TokenAlgorithm[]);
    const issuer = { name: this.JWT_ISSUER!, audience: this.JWT_AUDIENCE!, keys };
    return { issuers: [issuer], algorithms: named || usual };
  }
}

function algorithmProblem(name: string, key: UsableKey | undefined): string | undefined {
  if (name.toLowerCase() === 'none') return 'without none: a token that is not signed proves nothing';
  if (!TOKEN_ALGORITHMS.some((it) => it === name))
    return `to a comma list out of ${TOKEN_ALGORITHMS.join(', ')}`;
  if (!key || key.possible.some((it) => it === name)) return undefined;
  return `to algorithms that the key can serve, out of ${key.possible.join(', ')}`;
}
