// Writes src/authenticators/simple-icons.ts: the marks of the providers that are named below, from the package of this name
// (CC0 1.0), which the service itself then does without. `--check` fails instead if the file is another.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const FILE = fileURLToPath(new URL('../src/authenticators/simple-icons.ts', import.meta.url));

/** What the package calls them. It has no mark of Microsoft, Thales, NordPass and others. */
const SLUGS = [
  '1password',
  'apple',
  'bitwarden',
  'dashlane',
  'enpass',
  'google',
  'googlechrome',
  'keepassxc',
  'keeper',
  'lastpass',
  'norton',
  'proton',
  'samsung',
  'trezor',
  'yubico',
  'zoho',
];

const icons = await import('simple-icons');
const marks = SLUGS.map((slug) => {
  const icon = Object.values(icons).find((it) => it.slug === slug);
  if (!icon) throw new Error(`simple-icons has no ${slug}.`);
  return [slug, { color: `#${icon.hex}`, path: icon.path }];
});
const text = `// Made by scripts/build-marks.js from the package simple-icons (CC0 1.0): change it there.

/** Marks of providers: their colour, and their outline on a grid of 24 by 24. The marks themselves are their owners'. */
export const SIMPLE_ICONS = ${JSON.stringify(Object.fromEntries(marks))} as const;
`;
const made = await format(text, { ...(await resolveConfig(FILE)), parser: 'typescript' });
const isThere = existsSync(FILE) && readFileSync(FILE, 'utf8') === made;
if (process.argv.includes('--check')) process.exit(isThere ? 0 : 1);
if (!isThere) writeFileSync(FILE, made);
