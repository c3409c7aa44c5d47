import { readFileSync } from 'node:fs';
import { SETTINGS } from '../../src/config/setting-names.js';

/** Names that are no settings: neither one's own nor, for a secret in a file, with `_FILE`. */
export const unknownSettings = (names: Iterable<string>): string[] =>
  [...names].filter((name) => !SETTINGS.some((setting) => name === setting || name === `${setting}_FILE`));

/** What a file of `NAME=value` lines sets; with those that are commented out, if asked for. */
export function variablesIn(file: string, { commented = false } = {}): Record<string, string> {
  const line = commented ? /^#?([A-Z_]+)=(.*)$/gm : /^([A-Z_]+)=(.*)$/gm;
  return Object.fromEntries(
    [...readFileSync(file, 'utf8').matchAll(line)].map(([, name, value]) => [name!, value!]),
  );
}
