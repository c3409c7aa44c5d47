import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// Beside `src` and `dist` alike, and in the image.
const PACKAGE = join(import.meta.dirname, '../../package.json');

/** Keyway's version, as its `package.json` has it. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { readonly version?: string };
  return version ?? 'unknown';
}
