/** Settings that are secret: each may also be given as `NAME_FILE`, the path of a file that holds it. */
export const SECRET_SETTINGS = [
  'DATABASE_URL',
  'KEYWAY_SECRET',
  'APP_API_KEY',
  'JWT_PUBLIC_KEY',
  'JWT_SECRET',
  'PASSAGE_API_KEY',
] as const;
export type SecretSetting = (typeof SECRET_SETTINGS)[number];

/** Settings that are given as they are. */
export const PLAIN_SETTINGS = [
  'NODE_ENV',
  'HOST',
  'PORT',
  'PUBLIC_URL',
  'DATABASE_POOL_MAX',
  'DATA_DIR',
  'APP_ID',
  'APP_NAME',
  'APP_ORIGINS',
  'APP_RP_ID',
  'JWT_JWKS_URI',
  'JWT_ISSUER',
  'JWT_AUDIENCE',
  'JWT_ALGORITHMS',
  'PASSAGE_MODE',
  'PASSAGE_BASE_URL',
  'PASSAGE_APP_ID',
  'TRUST_PROXY',
  'AUTHENTICATOR_METADATA_FILE',
  'FIDO_METADATA_FILE',
  'HANDSHAKE_TTL',
  'REGISTER_TRANSACTION_TTL',
  'AUTHENTICATE_TRANSACTION_TTL',
  'NONCE_TTL',
] as const;
export type PlainSetting = (typeof PLAIN_SETTINGS)[number];

const SETTINGS: readonly string[] = [...SECRET_SETTINGS, ...PLAIN_SETTINGS];
const KNOWN = new Set([...SETTINGS, ...SECRET_SETTINGS.map((name) => `${name}_FILE`)]);
const PLAIN_AS_FILE = new Set(PLAIN_SETTINGS.map((name) => `${name}_FILE`));
const OWN_PREFIX =
  /^(KEYWAY|APP|JWT|PASSAGE|DATABASE|AUTHENTICATOR|FIDO|HANDSHAKE|NONCE|REGISTER_TRANSACTION|AUTHENTICATE_TRANSACTION)_/;

/** What Kubernetes puts into every container for a service called, say, `app` or `keyway`. */
const KUBERNETES =
  /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT$|_PORT_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?$/;

const NOT_IN_DEMO =
  /^((JWT|APP|PASSAGE)_.+|DATABASE_URL(_FILE)?|KEYWAY_SECRET(_FILE)?|PUBLIC_URL(_FILE)?|TRUST_PROXY(_FILE)?)$/;

/** Names that look like ours without being in the table: most likely a typing mistake that would go unnoticed. */
export function unknownNames(env: NodeJS.ProcessEnv): string[] {
  return givenNames(env).filter(
    (name) => (OWN_PREFIX.test(name) && !KNOWN.has(name)) || PLAIN_AS_FILE.has(name),
  );
}

/** The sentence about an unknown name, with the setting that was probably meant. */
export function describeUnknownName(name: string): string {
  const nearest = nearestSetting(name);
  const help = nearest ? `; did you mean ${nearest}?` : ': unset it.';
  return `${name} is not a setting of Keyway${help}`;
}

/** The names in this environment that keep the demo from running. */
export const namesAgainstDemo = (env: NodeJS.ProcessEnv): string[] =>
  givenNames(env).filter((name) => NOT_IN_DEMO.test(name));

function givenNames(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env)
    .filter((name) => env[name] && !KUBERNETES.test(name))
    .sort();
}

function nearestSetting(name: string): string | undefined {
  if (PLAIN_AS_FILE.has(name)) return name.slice(0, -'_FILE'.length);
  const close = [...KNOWN]
    .map((setting) => ({ setting, distance: editDistance(name, setting) }))
    .filter(({ distance }) => distance <= name.length / 3);
  return close.sort((a, b) => a.distance - b.distance)[0]?.setting;
}

/** Levenshtein distance, row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
