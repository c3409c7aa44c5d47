import { execFileSync } from 'node:child_process';
import { markOf } from './provider-marks.js';
import { SIMPLE_ICONS } from './simple-icons.js';

const pathIn = (name: string) => / d="([^"]*)"/.exec(markOf(name)?.('light') ?? '')?.[1];
const fillIn = (name: string, variant: 'light' | 'dark') =>
  / fill="([^"]*)"/.exec(markOf(name)?.(variant) ?? '')?.[1];

describe('the mark of a provider', () => {
  it.each([
    ['1Password', '1password'],
    ['Apple Passwords', 'apple'],
    ['iCloud Keychain (Managed)', 'apple'],
    ['Bitwarden', 'bitwarden'],
    ['Dashlane', 'dashlane'],
    ['Enpass', 'enpass'],
    ['Google Password Manager', 'google'],
    ['Google Titan Security Key v2', 'google'],
    ['Chrome on Mac', 'googlechrome'],
    ['KeePassXC', 'keepassxc'],
    ['Keeper', 'keeper'],
    ['LastPass', 'lastpass'],
    ['Norton', 'norton'],
    ['Proton Pass', 'proton'],
    ['Samsung Pass', 'samsung'],
    ['Security Key NFC by Yubico', 'yubico'],
    ['YubiKey 5 Series', 'yubico'],
    ['Zoho Vault', 'zoho'],
  ] as const)('of %s is drawn', (name, slug) => expect(pathIn(name)).toBe(SIMPLE_ICONS[slug].path));

  it.each(['KeePassDX', 'Windows Hello', 'Pineapple', 'My Bitwarden', 'Googly', '', 'Not 1Password'])(
    'is not drawn for %j',
    (name) => expect(markOf(name)).toBeNull(),
  );

  it('is an SVG document without scripts, links or styles', () => {
    for (const variant of ['light', 'dark'] as const) {
      const svg = markOf('Bitwarden')!(variant);
      expect(svg).toMatch(
        /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^<>]*><path d="[^"<>]*"\/><\/svg>$/,
      );
      expect(svg).not.toMatch(/style|script|href|url\(/);
    }
  });

  it('has its own colour only where that can be seen on the background', () => {
    expect([fillIn('Google', 'light'), fillIn('Google', 'dark')]).toEqual(['#4285F4', '#4285F4']);
    // Black on dark, and yellow on white.
    expect(fillIn('Apple Passwords', 'light')).toBe('#000000');
    expect(fillIn('Apple Passwords', 'dark')).toBe('#d8dde5');
    expect(fillIn('Norton', 'light')).toBe('#3f4754');
    expect(fillIn('Norton', 'dark')).toBe('#FFE01A');
  });

  it('is the one of the package that it is made from', () => {
    const check = () => execFileSync(process.execPath, ['scripts/build-marks.js', '--check']);
    expect(check).not.toThrow();
  });
});
