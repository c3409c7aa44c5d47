import { fill } from '../text/fill.js';
import type { UserPasskey as Passkey } from '@keyway/passage-flex-js/http.js';
import type { TableContext } from './context.js';

const NUMBERED = /^(.*?)( \(\d+\))?$/su;

/**
 * The name to show. Those that the server gives by default, and nobody has changed, are in English there and in the texts'
 * language here; their number stays.
 */
export function shownName({ friendlyName, nameCode }: Passkey, { texts, names }: TableContext): string {
  if (!nameCode) return friendlyName;
  const [, base = '', number = ''] = NUMBERED.exec(friendlyName) ?? [];
  const kinds: Readonly<Record<string, string>> = {
    security_key: names.securityKey,
    phone_or_tablet: names.phoneOrTablet,
    passkey: names.passkey,
  };
  const kind = Object.hasOwn(kinds, nameCode) ? kinds[nameCode] : undefined;
  if (kind !== undefined) return kind + number;
  const [browser, system] = base.split(' on ');
  return nameCode === 'browser_on_system' && browser && system
    ? fill(texts.browserOn, { browser, system }) + number
    : friendlyName;
}

/** Whether two names look the same to people. */
export const isSameName = (one: string, other: string): boolean =>
  one.localeCompare(other, undefined, { sensitivity: 'accent' }) === 0;
