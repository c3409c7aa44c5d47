import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { getDomain } from 'tldts';
import validator from 'validator/lib/isFQDN.js';
import { tidyText, toShownText } from './shown-text.js';

/** Each rule answers with what to set instead, as the end of the sentence "Set … to", or undefined if all is well. */
export type AppRule = (text: string) => string | undefined;

const MAX_NAME = 64; // characters
const MAX_URL = 2_048; // characters
const ANDROID = /^android:apk-key-hash:([A-Za-z0-9_-]{43})$/;
const ORIGIN_EXAMPLE = 'such as https://www.example.com,https://account.example.com';

/** What the id of an app has to be like. */
export const APP_ID_FORM = '1 to 64 letters, digits, hyphens or underscores';

/** The id of an app, as it stands in URLs. */
export const appIdProblem: AppRule = (text) => (/^[A-Za-z0-9_-]{1,64}$/.test(text) ? undefined : APP_ID_FORM);

/** The name of an app, as browsers show it; it is kept {@link tidyAppName tidy}. */
export const appNameProblem: AppRule = (text) =>
  toShownText(text, MAX_NAME) === null
    ? `the name that users see, 1 to ${MAX_NAME} characters, at least one of them visible, ` +
      'no control or bidirectional-override ones'
    : undefined;

/** The name of an app as it is kept: trimmed, and in NFC. */
export const tidyAppName = (name: string): string => tidyText(name, MAX_NAME);

/** The RP ID of an app (WebAuthn Level 3 §5.1.2): `localhost`, or a registrable domain or one below it. */
export const rpIdProblem: AppRule = (text) =>
  text === 'localhost' || isOwnDomain(text)
    ? undefined
    : 'localhost or to a domain name in lower case that is your own, such as example.com: ' +
      'no IP address, scheme or port, no public suffix such as com or co.uk, in its xn-- form if international';

/** A web origin, written exactly as browsers send it: https, or http on `localhost` and below. */
export const webOriginProblem: AppRule = (text) => {
  if (text.startsWith('android:')) {
    return 'the https origin of a website: the android: origins of apps are listed apart, by keyway app update';
  }
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return `an origin, ${ORIGIN_EXAMPLE}`;
  if (isIP(url.hostname) !== 0 || url.hostname.startsWith('[')) {
    return 'an origin with a host name: browsers have no passkeys for IP addresses';
  }
  if (url.protocol === 'http:' && !isWithin(url.hostname, 'localhost')) {
    return 'an https origin: http is for localhost only';
  }
  return url.origin === text ? undefined : `exactly ${url.origin}`;
};

/** A related origin (WebAuthn Level 3 §5.11): the https origin of a website, on a domain that is not the RP ID's. */
export const relatedOriginProblem: AppRule = (text) =>
  webOriginProblem(text) ?? (text.startsWith('https:') ? undefined : 'an https origin');

/** What Android gives as the origin of an app: the SHA-256 of its signing certificate, base64url. */
export const androidOriginProblem: AppRule = (text) => {
  const [, hash] = ANDROID.exec(text) ?? [];
  const isHash = hash !== undefined && Buffer.from(hash, 'base64url').toString('base64url') === hash;
  return isHash
    ? undefined
    : 'android:apk-key-hash: and the SHA-256 of the signing certificate, 43 base64url characters';
};

/** Where a page of the site is: its https address, or http on `localhost` and below. */
export const pageProblem: AppRule = (text) => {
  const url = URL.parse(text);
  const isGood =
    url !== null &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && isWithin(url.hostname, 'localhost'))) &&
    url.username === '' &&
    url.password === '' &&
    text.length <= MAX_URL;
  return isGood ? undefined : 'an https address, such as https://www.example.com/account/passkeys';
};

/** An app on Apple's systems, as `webcredentials` names it. */
export const appleAppIdProblem: AppRule = (text) =>
  /^[A-Z0-9]{10}\.[A-Za-z0-9.-]{1,155}$/.test(text)
    ? undefined
    : 'a team and a bundle, such as ABCDE12345.com.example.app';

/** The application ID of an Android app. */
export const androidPackageProblem: AppRule = (text) =>
  text.length <= 255 && /^[A-Za-z]\w*(\.[A-Za-z]\w*)+$/.test(text)
    ? undefined
    : 'the application ID of an Android app, such as com.example.app';

/** A host name or IP address, as it stands in a URL: no port, no wildcard. */
export const hostProblem: AppRule = (text) =>
  URL.parse(`https://${isIP(text) === 6 ? `[${text}]` : text}/`)?.hostname.replace(/^\[(.*)\]$/, '$1') ===
  text
    ? undefined
    : 'a host name in lower case, without a port, such as hooks.example.com';

/**
 * A sentence for each entry of a list that breaks the rule, or for a list that names one twice. It has the entry, without
 * user name and password, if `quotes` says so.
 */
export function listProblems(
  name: string,
  list: readonly string[],
  rule: AppRule,
  { quotes = false }: { readonly quotes?: boolean } = {},
): string[] {
  const quoted = (entry: string) =>
    quotes ? `, ${JSON.stringify(entry.replace(/\/\/[^/]*@/, '//…@'))},` : '';
  const problems = list.flatMap((each, index) => {
    const problem = rule(each);
    return problem === undefined ? [] : [`Set entry ${index + 1} of ${name}${quoted(each)} to ${problem}.`];
  });
  if (problems.length === 0 && new Set(list).size < list.length) {
    return [`Set ${name} to a list that names each entry once.`];
  }
  return problems;
}

/** Those of the origins, all of them good, whose pages cannot use passkeys of this RP ID by themselves. */
export const originsOutside = (origins: readonly string[], rpId: string): string[] =>
  origins.filter((origin) => !isWithin(new URL(origin).hostname, rpId));

/** Private suffixes count: the owner of one page of github.io must not claim the passkeys of all the others. */
const isOwnDomain = (text: string): boolean =>
  validator.default(text) &&
  domainToASCII(text) === text &&
  getDomain(text, { allowPrivateDomains: true }) !== null;

const isWithin = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);
