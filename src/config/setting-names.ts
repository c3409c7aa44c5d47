import { distance } from 'fastest-levenshtein';
import { DatabaseVariables } from './database-settings.js';
import type { Environment } from './environment.js';
import { HttpVariables } from './http-settings.js';
import { IdentityVariables } from './identity-settings.js';
import { LimitVariables } from './limit-settings.js';
import { EMBEDDED_GROUPS, PassageVariables } from './passage-settings.js';
import { RemotePassageVariables } from './remote-passage-settings.js';
import { TokenVariables } from './token-settings.js';
import { UsernameVariables } from './username-settings.js';
import { namesOf, secretNamesOf } from './variables.js';

const GROUPS = [
  HttpVariables,
  DatabaseVariables,
  LimitVariables,
  TokenVariables,
  UsernameVariables,
  IdentityVariables,
  PassageVariables,
  ...EMBEDDED_GROUPS,
  RemotePassageVariables,
];
/** Every setting, by its name in the environment. */
export const SETTINGS: readonly string[] = ['NODE_ENV', ...GROUPS.flatMap(namesOf)];

/** Those that may also come from a file. */
export const SECRET_SETTINGS: readonly string[] = GROUPS.flatMap(secretNamesOf);

const SECRET = new Set(SECRET_SETTINGS);
const PLAIN_AS_FILE = new Map(
  SETTINGS.filter((name) => !SECRET.has(name)).map((name) => [`${name}_FILE`, name]),
);
const KNOWN = new Set([...SETTINGS, ...[...SECRET].map((name) => `${name}_FILE`)]);

/** Names that begin like this are read as Keyway's by people; others' programs use most of them as well. */
const LIKE_OURS =
  /^(KEYWAY|APP|JWT|PASSAGE|DATABASE|AUTHENTICATOR|EXTERNAL_ID|FIDO|HANDSHAKE|NONCE|REGISTER_TRANSACTION|AUTHENTICATE_TRANSACTION|EVENT|RATE_LIMIT|REDIS|WEBHOOK)_/;

/** What Kubernetes puts into every container for a service called, say, `app` or `keyway`. */
const KUBERNETES =
  /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT$|_PORT_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?$/;

/** A sentence for each name that is most likely a mistyped setting, which would go unnoticed. */
export const misspeltNames = (env: Environment, among = /./): string[] =>
  strangers(env).flatMap((name) => {
    if (!among.test(name)) return [];
    const meant = nearestSetting(name);
    if (meant !== undefined) return [`${name} is not a setting of Keyway; did you mean ${meant}?`];
    return name.startsWith('KEYWAY_') ? [`${name} is not a setting of Keyway: unset it.`] : [];
  });

/** Names of other programs: they begin like settings, and are not near to one. */
export const foreignNames = (env: Environment): string[] =>
  strangers(env).filter(
    (name) => LIKE_OURS.test(name) && !name.startsWith('KEYWAY_') && nearestSetting(name) === undefined,
  );

const strangers = ({ names }: Environment): string[] =>
  names.filter((name) => !KNOWN.has(name) && !KUBERNETES.test(name));

/** The setting that a misspelt name probably means. */
function nearestSetting(name: string): string | undefined {
  if (PLAIN_AS_FILE.has(name)) return PLAIN_AS_FILE.get(name);
  return [...KNOWN]
    .filter((setting) => isNear(name, setting))
    .sort((a, b) => distance(name, a) - distance(name, b))[0];
}

const LONG = 8; // characters; among shorter names, two edits lead to another word

/**
 * Whether a name is an abbreviation of a setting's, or spelt nearly like it. What follows the first word is also compared by
 * itself: `DATABASE_HOST` has that word in common with `DATABASE_URL`, and nothing else.
 */
function isNear(name: string, setting: string): boolean {
  if (setting === 'NODE_ENV') return false;
  if (Math.min(name.length, setting.length) >= LONG && distance(name, setting) <= 2) return true;
  const [[first, rest], [word, wanted]] = [name, setting].map(split) as [Words, Words];
  if (first !== word || rest === '' || wanted === '') return false;
  return setting.startsWith(`${name}_`) || distance(rest, wanted) <= rest.length / 3;
}

type Words = [first: string, rest: string];

/** `RATE_LIMIT` is one word: others have limits of rates as well. */
const split = (name: string): Words => {
  const [, first = name, rest = ''] = /^(RATE_LIMIT|[^_]*)_(.*)$/.exec(name) ?? [];
  return [first, rest];
};
