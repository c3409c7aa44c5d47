import { createSecretKey } from 'node:crypto';
import { TOKEN_ALGORITHMS, type TokenAlgorithm, type TokenKey, type TokenSettings } from './configuration.js';
import { type EnvironmentReader, splitList } from './environment-reader.js';
import { isLoopback } from './loopback.js';
import { readPublicKey } from './public-key.js';
import { isWeak, MIN_SECRET_BYTES } from './weak-secret.js';

const KEY_SETTINGS = ['JWT_JWKS_URI', 'JWT_PUBLIC_KEY', 'JWT_SECRET'] as const;
const ONE_KEY = 'Set exactly one of JWT_JWKS_URI, JWT_PUBLIC_KEY and JWT_SECRET';

const HMAC = TOKEN_ALGORITHMS.filter((algorithm) => algorithm.startsWith('HS'));
const ASYMMETRIC = TOKEN_ALGORITHMS.filter((algorithm) => !algorithm.startsWith('HS'));

/** A key with the algorithms it can serve and those it serves unless told otherwise. */
interface UsableKey {
  readonly key: TokenKey;
  readonly possible: readonly TokenAlgorithm[];
  readonly usual: readonly TokenAlgorithm[];
}

/**
 * `JWT_*`: exactly one key, issuer, audience, and algorithms of the key's kind: by default HS256 for a secret, RS256
 * for an RSA key, that of its curve for an EC or Ed25519 key, RS256 and ES256 for a JWK Set.
 */
export function readTokenSettings(reader: EnvironmentReader): TokenSettings | undefined {
  const usable = readKey(reader);
  const algorithms = readAlgorithms(reader, usable);
  const issuer = readClaim(
    reader,
    'JWT_ISSUER',
    'the iss claim of the users’ tokens, exactly as it stands there',
  );
  const audience = readClaim(
    reader,
    'JWT_AUDIENCE',
    'the aud claim that the users’ tokens carry for this service',
  );
  if (!usable || !algorithms || issuer === undefined || audience === undefined) return undefined;
  return { key: usable.key, issuer, audience, algorithms };
}

function readKey(reader: EnvironmentReader): UsableKey | undefined {
  const given = KEY_SETTINGS.filter((name) => reader.isGiven(name));
  if (given.length === 0) reader.reportMissing(`${ONE_KEY} to say how the users’ tokens are verified.`);
  if (given.length > 1) reader.report(`${ONE_KEY}: ${given.join(' and ')} are set.`);
  const keys = [readJwksUri(reader), readPem(reader), readSharedSecret(reader)].filter(
    (key) => key !== undefined,
  );
  return given.length === 1 ? keys[0] : undefined;
}

function readJwksUri(reader: EnvironmentReader): UsableKey | undefined {
  const text = reader.text('JWT_JWKS_URI');
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const isNear = url?.protocol === 'http:' && isLoopback(url.hostname) && !reader.isProduction;
  if (!url || (url.protocol !== 'https:' && !isNear) || url.username || url.password || text.includes('#')) {
    return reader.report(
      'Set JWT_JWKS_URI to the https address of the JWK Set, without user name, password and fragment, ' +
        'such as https://login.example.com/.well-known/jwks.json (http on loopback only, outside production).',
    );
  }
  return { key: { kind: 'jwks', uri: url.href }, possible: ASYMMETRIC, usual: ['RS256', 'ES256'] };
}

function readPem(reader: EnvironmentReader): UsableKey | undefined {
  const text = reader.secret('JWT_PUBLIC_KEY');
  if (text === undefined) return undefined;
  const found = readPublicKey(text);
  if ('problem' in found) return reader.report(found.problem);
  const { key, algorithms } = found;
  return { key: { kind: 'public-key', key }, possible: algorithms, usual: algorithms.slice(0, 1) };
}

function readSharedSecret(reader: EnvironmentReader): UsableKey | undefined {
  const text = reader.secret('JWT_SECRET');
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text);
  if (bytes.length < MIN_SECRET_BYTES || isWeak(bytes)) {
    return reader.report(
      `Set JWT_SECRET to the secret that signs the users’ tokens, ${MIN_SECRET_BYTES} random bytes or more.`,
    );
  }
  return { key: { kind: 'secret', key: createSecretKey(bytes) }, possible: HMAC, usual: ['HS256'] };
}

function readAlgorithms(reader: EnvironmentReader, key?: UsableKey): readonly TokenAlgorithm[] | undefined {
  const text = reader.text('JWT_ALGORITHMS');
  if (text === undefined) return key?.usual;
  const names = splitList(text);
  const problems = [...new Set(names.map((name) => findProblem(name, key)))].filter((it) => it !== undefined);
  problems.forEach((problem) => reader.report(`Set JWT_ALGORITHMS ${problem}.`));
  return problems.length === 0 ? [...new Set(names as TokenAlgorithm[])] : undefined;
}

function findProblem(name: string, key: UsableKey | undefined): string | undefined {
  if (name.toLowerCase() === 'none') return 'without none: a token that is not signed proves nothing';
  if (!TOKEN_ALGORITHMS.some((it) => it === name))
    return `to a comma list out of ${TOKEN_ALGORITHMS.join(', ')}`;
  if (!key || key.possible.some((it) => it === name)) return undefined;
  return `to algorithms that the key can serve, out of ${key.possible.join(', ')}`;
}

function readClaim(
  reader: EnvironmentReader,
  name: 'JWT_ISSUER' | 'JWT_AUDIENCE',
  what: string,
): string | undefined {
  const text = reader.text(name);
  if (text === undefined) return reader.reportMissing(`Set ${name} to ${what}.`);
  if (text.trim() === text && !/\p{Cc}/u.test(text)) return text;
  return reader.report(`Set ${name} to ${what}, without spaces around it and without control characters.`);
}
