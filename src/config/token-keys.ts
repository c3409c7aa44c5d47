import { createSecretKey } from 'node:crypto';
import { isIP } from 'node:net';
import { baseUrlProblem, hostOf, isPrivateAddress } from './addresses.js';
import { TOKEN_ALGORITHMS, type TokenAlgorithm, type TokenKey, type TokenKeys } from './configuration.js';
import { type Environment, splitList } from './environment.js';
import { isWeak, MIN_SECRET_BYTES } from './keyway-secrets.js';
import { readPublicKeys } from './public-key.js';

/** The settings that say where the keys of the users' tokens are. */
export const KEY_SETTINGS = ['JWT_JWKS_URI', 'JWT_PUBLIC_KEY', 'JWT_SECRET'] as const;
/** The same in a sentence. */
export const ANY_KEY = 'JWT_JWKS_URI, JWT_PUBLIC_KEY and JWT_SECRET';

const MAX_KEYS = 5;
const HMAC = TOKEN_ALGORITHMS.filter((algorithm) => algorithm.startsWith('HS'));
/** The algorithms of public keys. */
export const ASYMMETRIC = TOKEN_ALGORITHMS.filter((algorithm) => !algorithm.startsWith('HS'));

/** What a key setting says. */
export interface KeySource {
  readonly name: string;
  /** One for each address or key. */
  readonly members: readonly TokenKeys[];
  /** All of them together. */
  readonly all: TokenKeys;
  /** The algorithms that they can serve. */
  readonly possible: readonly TokenAlgorithm[];
}

/** The settings that are read here. */
type KeyVariables = { readonly [name in (typeof KEY_SETTINGS)[number]]?: string } & {
  readonly env: Environment;
  readonly JWT_JWKS_INSECURE?: string;
};

type Problems = { readonly problems: readonly string[] };

/** Reads a key setting that is there; or says what to set instead. */
export function readKeySource(name: string, variables: KeyVariables): KeySource | Problems {
  if (name === 'JWT_JWKS_URI') return readUris(variables);
  const keys =
    name === 'JWT_SECRET' ? readSecrets(variables.JWT_SECRET!) : readKeys(variables.JWT_PUBLIC_KEY!);
  if ('problems' in keys) return keys;
  const served = new Set(keys.flatMap((key) => key.algorithms));
  return {
    name,
    members: keys.map((key) => ({ kind: 'given', keys: [key] })),
    all: { kind: 'given', keys },
    possible: TOKEN_ALGORITHMS.filter((algorithm) => served.has(algorithm)),
  };
}

/** The keys of the issuer at a position; with null, those that all issuers share. */
export const keysOfIssuer = ({ members, all }: KeySource, position: number | null): TokenKeys =>
  position === null ? all : members[position]!;

/** A comma list; a comma in an address is written as %2C. */
function readUris({ JWT_JWKS_URI, JWT_JWKS_INSECURE, env }: KeyVariables): KeySource | Problems {
  const uris = splitList(JWT_JWKS_URI!);
  const allowsHttp = JWT_JWKS_INSECURE === 'true';
  if (!uris.every((uri) => isJwksUri(uri, allowsHttp, !env.isProduction))) return { problems: [JWKS_URI] };
  const members = uris.map((uri) => {
    const { href, protocol } = new URL(uri);
    return { kind: 'jwks' as const, uri: href, isInsecure: allowsHttp && protocol === 'http:' };
  });
  if (new Set(members.map(({ uri }) => uri)).size < members.length) {
    return { problems: [differ('JWT_JWKS_URI', 'addresses')] };
  }
  return { name: 'JWT_JWKS_URI', members, all: members[0]!, possible: ASYMMETRIC };
}

function isJwksUri(text: string, allowsHttp: boolean, allowsLoopback: boolean): boolean {
  // Other than a base URL, it may have a query.
  const base = text.replace(/\?[^#]*/, '');
  const isHttp = allowsHttp && /^http:/i.test(base);
  const asHttps = isHttp ? base.replace(/^http:/i, 'https:') : base;
  if (baseUrlProblem(asHttps, 'loopback', allowsLoopback) !== undefined) return false;
  const host = hostOf(new URL(text));
  // What a name leads to is judged when the set is fetched.
  return !isHttp || isIP(host) === 0 || isPrivateAddress(host);
}

const JWKS_URI =
  'Set JWT_JWKS_URI to the https address of the JWK Set, without user name, password and fragment, such as ' +
  'https://login.example.com/.well-known/jwks.json (http on loopback only, outside production, or on a host in a private ' +
  'network with JWT_JWKS_INSECURE=true).';

/** One a line, each used as the bytes of its text. */
function readSecrets(text: string): readonly TokenKey[] | Problems {
  const lines = text.replace(/[\r\n]+$/, '').split(/\r?\n/);
  const problems = lines.flatMap((line, index) => {
    const bytes = Buffer.from(line);
    if (bytes.length >= MIN_SECRET_BYTES && !isWeak(bytes)) return [];
    const which = lines.length > 1 ? `line ${index + 1} of JWT_SECRET` : 'JWT_SECRET';
    return [
      `Set ${which} to the secret that signs the users’ tokens, ${MIN_SECRET_BYTES} random bytes or more.`,
    ];
  });
  if (problems.length > 0) return { problems };
  const keys = lines.map((line) => ({ key: createSecretKey(Buffer.from(line)), algorithms: HMAC }));
  return bounded('JWT_SECRET', 'secrets', keys);
}

/** PEM blocks one after another. */
function readKeys(text: string): readonly TokenKey[] | Problems {
  const found = readPublicKeys(text);
  return 'problem' in found ? { problems: [found.problem] } : bounded('JWT_PUBLIC_KEY', 'keys', found.keys);
}

function bounded(name: string, what: string, keys: readonly TokenKey[]): readonly TokenKey[] | Problems {
  if (keys.length > MAX_KEYS) return { problems: [`Set ${name} to ${MAX_KEYS} ${what} at most.`] };
  const isRepeated = keys.some(({ key }, index) =>
    keys.slice(0, index).some((other) => key.equals(other.key)),
  );
  return isRepeated ? { problems: [differ(name, what)] } : keys;
}

const differ = (name: string, what: string): string =>
  `Set ${name} to ${what} that differ from each other; if several issuers share one, name it once and set ` +
  'JWT_ISSUERS_SHARE_KEYS to true.';
