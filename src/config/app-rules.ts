import { isRpId } from './relying-party-id.js';

/** Each rule answers with what to set instead, as the end of the sentence "Set … to", or undefined if all is well. */
export type Rule = (text: string) => string | undefined;

const MAX_NAME = 64; // characters
/** Control characters, line separators and what reverses the text that follows. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u;

/** What the id of an app has to be like. */
export const APP_ID_FORM = '1 to 64 letters, digits, hyphens or underscores';

/** The id of an app, as it stands in URLs. */
export const appIdProblem: Rule = (text) => (/^[A-Za-z0-9_-]{1,64}$/.test(text) ? undefined : APP_ID_FORM);

/** The name of an app, as browsers show it; without the space around it. */
export const appNameProblem: Rule = (text) => {
  const length = [...text].length;
  if (length >= 1 && length <= MAX_NAME && text.isWellFormed() && !UNPRINTABLE.test(text)) return undefined;
  return `the name that users see, 1 to ${MAX_NAME} characters, no control or bidirectional-override ones`;
};

/** The RP ID of an app: never a public suffix. */
export const rpIdProblem: Rule = (text) =>
  isRpId(text)
    ? undefined
    : 'localhost or to a domain name in lower case that is your own, such as example.com: ' +
      'no IP address, scheme or port, no public suffix such as com or co.uk, in its xn-- form if international';
