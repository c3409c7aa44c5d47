import { fill } from '../text/fill.js';
import type { UserPasskey as Passkey } from '@keyway/passage-flex-js/http.js';
import type { TableContext } from './context.js';

const NUMBERED = /^(.*?)( \(\d+\))?$/su;
const BROWSER_ON = /^(Chrome|Edge|Firefox|Opera|Safari|Samsung Internet) on (\w+)$/;

/**
 * The name to show. Those that the server gives by default, and nobody has changed, are in English there and in the texts'
 * language here; their number stays.
 */
export function shownName({ friendlyName }: Passkey, { texts, names }: TableContext): string {
  const [, base = '', number = ''] = NUMBERED.exec(friendlyName) ?? [];
  const kinds: Readonly<Record<string, string>> = {
    'Security key': names.securityKey,
    'Phone or tablet': names.phoneOrTablet,
    Passkey: names.passkey,
  };
  const kind = Object.hasOwn(kinds, base) ? kinds[base] : undefined;
  if (kind !== undefined) return kind + number;
  const [, browser, system] = BROWSER_ON.exec(base) ?? [];
  return browser && system ? fill(texts.browserOn, { browser, system }) + number : friendlyName;
}

/** Whether two names look the same to people. */
export const isSameName = (one: string, other: string): boolean =>
  one.localeCompare(other, undefined, { sensitivity: 'accent' }) === 0;
