/** In this order, as most browsers also name those they descend from. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|OPT|OPiOS|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/(?:\bCriOS|Chrome|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bWindows\b/, 'Windows'],
  [/\biPad\b/, 'iPad'],
  [/\biPhone\b|\biPod\b/, 'iPhone'],
  [/\bMacintosh\b|\bMac OS X\b/, 'macOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** A browser and the system that it runs on, as people know them. */
export interface Place {
  readonly browser: string;
  readonly system: string;
}

const ON = ' on ';

/** A user agent in words, such as "Chrome on macOS"; null for an unknown browser. */
export function describeUserAgent(userAgent: string | null): string | null {
  const browser = firstMatch(BROWSERS, userAgent);
  const system = firstMatch(SYSTEMS, userAgent);
  return browser && system ? browser + ON + system : null;
}

/** What {@link describeUserAgent} said, in its parts. */
export function placeOf(description: string | null): Place | null {
  const [browser, system] = description?.split(ON) ?? [];
  return browser && system ? { browser, system } : null;
}

function firstMatch(table: readonly (readonly [RegExp, string])[], userAgent: string | null): string | null {
  if (!userAgent) return null;
  return table.find(([pattern]) => pattern.test(userAgent))?.[1] ?? null;
}
