import { isIP } from 'node:net';
import type { Rule } from './app-rules.js';
import { isWithin } from './relying-party-id.js';

const EXAMPLE = 'such as https://www.example.com,https://account.example.com';
const ANDROID = /^android:apk-key-hash:([A-Za-z0-9_-]{43})$/;

/** A web origin, written exactly as browsers send it: https, or http on `localhost` and below. */
export const webOriginProblem: Rule = (text) => {
  if (text.startsWith('android:')) {
    return 'the https origin of a website: the android: origins of apps are listed apart, by keyway app update';
  }
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return `an origin, ${EXAMPLE}`;
  if (isIP(url.hostname) !== 0 || url.hostname.startsWith('[')) {
    return 'an origin with a host name: browsers have no passkeys for IP addresses';
  }
  if (url.protocol === 'http:' && !isWithin(url.hostname, 'localhost')) {
    return 'an https origin: http is for localhost only';
  }
  return url.origin === text ? undefined : `exactly ${url.origin}`;
};

/** A related origin (WebAuthn Level 3 §5.11): the https origin of a website, on a domain that is not the RP ID's. */
export const relatedOriginProblem: Rule = (text) =>
  webOriginProblem(text) ?? (text.startsWith('https:') ? undefined : 'an https origin');

/** What Android gives as the origin of an app: the SHA-256 of its signing certificate, base64url. */
export const androidOriginProblem: Rule = (text) => {
  const [, hash] = ANDROID.exec(text) ?? [];
  const isHash = hash !== undefined && Buffer.from(hash, 'base64url').toString('base64url') === hash;
  return isHash
    ? undefined
    : 'android:apk-key-hash: and the SHA-256 of the signing certificate, 43 base64url characters';
};

/** A sentence for each entry of a list that breaks the rule, or for a list that names one twice. */
export function listProblems(name: string, list: readonly string[], rule: Rule): string[] {
  const problems = list.flatMap((each, index) => {
    const problem = rule(each);
    return problem === undefined ? [] : [`Set entry ${index + 1} of ${name} to ${problem}.`];
  });
  if (problems.length === 0 && new Set(list).size < list.length) {
    return [`Set ${name} to a list that names each origin once.`];
  }
  return problems;
}

/** Those of the origins, all of them good, whose pages cannot use passkeys of this RP ID by themselves. */
export const originsOutside = (origins: readonly string[], rpId: string): string[] =>
  origins.filter((origin) => !isWithin(new URL(origin).hostname, rpId));
