import { passkeyType, type PasskeyTraits } from './passkey-type.js';
import { describeUserAgent } from './user-agent.js';

const MAX_NAME = 64; // UTF-16 code units, so that it holds by any way of counting

/** What is known of a new passkey; none of it but the backup eligibility is signed. */
export interface NewPasskey extends PasskeyTraits {
  /** By its AAGUID. */
  readonly providerName: string | null;
  readonly userAgent: string | null;
}

/** What a default name says, so that a page can say it in its own language; a provider's name is the same in all. */
export const NAME_CODES = ['phone_or_tablet', 'security_key', 'browser_on_system', 'passkey'] as const;

/** One of {@link NAME_CODES}. */
export type NameCode = (typeof NAME_CODES)[number];

/** In English; the code is null for a name that is not to be translated. */
export interface DefaultName {
  readonly name: string;
  readonly code: NameCode | null;
}

/**
 * The name of a new passkey: its provider's; else "Phone or tablet" or "Security key" where it is one of these, apart from the
 * browser's device; else "Chrome on macOS" by the user agent, else "Passkey".
 */
export function defaultPasskeyName({ providerName, userAgent, ...traits }: NewPasskey): DefaultName {
  if (providerName) return { name: cut(providerName, MAX_NAME), code: null };
  const transports = new Set(traits.transports);
  if (transports.size === 1 && transports.has('hybrid'))
    return { name: 'Phone or tablet', code: 'phone_or_tablet' };
  if (passkeyType(traits) === 'security_key') return { name: 'Security key', code: 'security_key' };
  const place = describeUserAgent(userAgent);
  return place ? { name: place, code: 'browser_on_system' } : { name: 'Passkey', code: 'passkey' };
}

/** The name itself, or with the first number from " (2)" on that is not taken; at most 64 UTF-16 code units. */
export function numberedName(base: string, taken: readonly string[]): string {
  const names = new Set(taken);
  let name = cut(base, MAX_NAME);
  for (let number = 2; names.has(name); number += 1) {
    const suffix = ` (${number})`;
    name = cut(base, MAX_NAME - suffix.length) + suffix;
  }
  return name;
}

/** Never leaves half of a surrogate pair, nor a space, at the end. */
const cut = (text: string, length: number): string =>
  text.length <= length
    ? text
    : text
        .slice(0, length)
        .replace(/[\ud800-\udbff]$/, '')
        .trimEnd();
