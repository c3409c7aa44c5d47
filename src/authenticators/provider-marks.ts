import { type IconVariant, STROKES } from './drawings.js';
import { SIMPLE_ICONS } from './simple-icons.js';

/** The providers with a mark that is drawn, by the names that they have in lists of AAGUIDs. */
const NAMES: Record<keyof typeof SIMPLE_ICONS, RegExp> = {
  '1password': /^1Password\b/i,
  apple: /^(?:Apple\b|iCloud Keychain)/i,
  bitwarden: /^Bitwarden\b/i,
  dashlane: /^Dashlane\b/i,
  enpass: /^Enpass\b/i,
  google: /^Google\b/i,
  googlechrome: /^(?:Google )?Chrom(?:e|ium)\b/i,
  keepassxc: /^KeePassXC\b/i,
  keeper: /^Keeper\b/i,
  lastpass: /^LastPass\b/i,
  norton: /^Norton\b/i,
  proton: /^Proton\b/i,
  samsung: /^Samsung\b/i,
  trezor: /^Trezor\b/i,
  yubico: /\bYubi(?:Key|co)\b/i,
  zoho: /^Zoho\b/i,
};

/** What pages are likely to have behind an icon, and the least contrast to it (WCAG 2.2, 1.4.11). */
const BACKGROUNDS: Record<IconVariant, string> = { light: '#ffffff', dark: '#1f2329' };
const LEAST_CONTRAST = 3;

/** A provider's mark as an SVG document without styles, scripts or references. */
export type Mark = (variant: IconVariant) => string;

/**
 * The mark of the provider that a name is of, or null. In the provider's colour where that can be seen on the background,
 * else in that of our own drawings.
 */
export function markOf(providerName: string): Mark | null {
  const slug = (Object.keys(NAMES) as (keyof typeof NAMES)[]).find((it) => NAMES[it].test(providerName));
  return slug ? (variant) => drawn(SIMPLE_ICONS[slug], variant) : null;
}

function drawn(
  { color, path }: { readonly color: string; readonly path: string },
  variant: IconVariant,
): string {
  const isSeen = contrast(color, BACKGROUNDS[variant]) >= LEAST_CONTRAST;
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48" viewBox="0 0 24 24" ' +
    `fill="${isSeen ? color : STROKES[variant]}"><path d="${path}"/></svg>`
  );
}

/** The contrast ratio of two colours, 1 to 21 (WCAG 2.2). */
function contrast(one: string, other: string): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** Relative luminance of a colour such as `#145FE4`, 0 to 1. */
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
