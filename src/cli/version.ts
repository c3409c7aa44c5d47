import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** As `package.json` has it, which is beside `src` and `dist` alike, and in the image. */
export function readVersion(): string {
  const path = join(import.meta.dirname, '../../package.json');
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version?: string };
  return version ?? 'unknown';
}
