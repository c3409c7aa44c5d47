import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Authenticators } from './authenticators.js';
import type { Configuration } from '../config/configuration.js';
import { drawingOf } from './drawings.js';
import { markOf } from './provider-marks.js';

const ZERO = '00000000-0000-0000-0000-000000000000';
const ICLOUD = 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd';
const WINDOWS_HELLO = '08987058-cadc-4b81-b6e1-30de50dcbe96';
const MODEL = 'aaaaaaaa-0000-4000-8000-000000000001';
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>';
const hashOf = (svg: string) => createHash('sha256').update(svg).digest('base64url').slice(0, 16);
const asSvg = (svg: string) => `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;

const directory = mkdtempSync(join(tmpdir(), 'keyway-authenticators-'));
afterAll(() => rmSync(directory, { recursive: true }));

const made = (authenticatorMetadataFile: string | null) =>
  new Authenticators({ authenticatorMetadataFile } as Configuration);
const withText = (text: string) => {
  const path = join(directory, 'metadata.json');
  writeFileSync(path, text);
  return made(path);
};
const withMetadata = (metadata: unknown) => withText(JSON.stringify(metadata));
const withEntry = (entry: unknown) => withMetadata({ [MODEL]: entry });
const servedOf = (authenticators: Authenticators, name = MODEL) =>
  ['light', 'dark'].map((variant) => authenticators.icon(name, variant)?.svg.toString());

describe('the name of a model', () => {
  it('is known without a metadata file, in either letter case, and null for an unknown model', () => {
    expect(made(null).nameOf(ICLOUD)).toMatch(/iCloud|Apple/);
    expect(made(null).nameOf(ICLOUD.toUpperCase())).toBe(made(null).nameOf(ICLOUD));
    expect(made(null).nameOf(MODEL)).toBeNull();
    expect(made(null).nameOf('__proto__')).toBeNull();
  });

  it('is taken from the metadata file if both sources have one', () => {
    const authenticators = withMetadata({ [ICLOUD.toUpperCase()]: { name: 'Our Keychain' } });
    expect(authenticators.nameOf(ICLOUD)).toBe('Our Keychain');
  });

  it('stays the built-in one if the metadata file has only an icon', () => {
    const authenticators = withMetadata({ [ICLOUD]: { icon_light: asSvg(SVG) } });
    expect(authenticators.nameOf(ICLOUD)).toBe(made(null).nameOf(ICLOUD));
  });

  it('is never looked up for the zero AAGUID', () => {
    const authenticators = withMetadata({ [ZERO]: { name: 'Nobody', icon_light: asSvg(SVG) } });
    expect(authenticators.nameOf(ZERO)).toBeNull();
    expect(authenticators.iconPaths(ZERO, 'platform').light).toMatch(/^\/icons\/platform\/light\.svg\?v=/);
    expect(authenticators.icon(ZERO, 'light')).toBeUndefined();
  });

  it('has at most 64 characters, none of them a control character or a bidirectional override', () => {
    expect(withEntry({ name: ' Ke\u0000y\u202e\n\u2066 ' }).nameOf(MODEL)).toBe('Key');
    expect(withEntry({ name: 'x'.repeat(80) }).nameOf(MODEL)).toHaveLength(64);
    expect(withEntry({ name: `x${'\u{1f511}'.repeat(40)}` }).nameOf(MODEL)).toBe(
      `x${'\u{1f511}'.repeat(31)}`,
    );
    expect(withEntry({ name: '\u202e' }).nameOf(MODEL)).toBeNull();
  });
});

describe('the icons of a model', () => {
  it('are the built-in drawings of its type if the model has none', () => {
    expect(made(null).iconPaths(WINDOWS_HELLO, 'security_key')).toEqual({
      light: `/icons/security_key/light.svg?v=${hashOf(drawingOf('security_key', 'light'))}`,
      dark: `/icons/security_key/dark.svg?v=${hashOf(drawingOf('security_key', 'dark'))}`,
    });
    expect(servedOf(made(null), 'passkey')).toEqual([
      drawingOf('passkey', 'light'),
      drawingOf('passkey', 'dark'),
    ]);
  });

  it('are the mark of its provider, by the name that the model has', () => {
    const mark = (name: string) => ['light', 'dark'].map((variant) => markOf(name)!(variant as 'light'));
    expect(servedOf(made(null), ICLOUD)).toEqual(mark('Apple Passwords'));
    expect(made(null).iconPaths(ICLOUD.toUpperCase(), 'passkey').light).toMatch(
      new RegExp(`^/icons/${ICLOUD}/light\\.svg\\?v=[\\w-]{16}$`),
    );
    expect(servedOf(withEntry({ name: 'Bitwarden' }))).toEqual(mark('Bitwarden'));
    const renamed = withMetadata({ [ICLOUD]: { name: 'Ours', icon_light: null } });
    expect(servedOf(renamed, ICLOUD)).toEqual([undefined, undefined]);
    const drawn = withMetadata({ [ICLOUD]: { icon_light: asSvg(SVG) } });
    expect(servedOf(drawn, ICLOUD)).toEqual([SVG, SVG]);
  });

  it('are those of the metadata file', () => {
    const dark = `<?xml version="1.0"?>${SVG}`;
    const authenticators = withEntry({ name: 'K', icon_light: asSvg(SVG), icon_dark: asSvg(dark) });
    expect(authenticators.iconPaths(MODEL, 'passkey')).toEqual({
      light: `/icons/${MODEL}/light.svg?v=${hashOf(SVG)}`,
      dark: `/icons/${MODEL}/dark.svg?v=${hashOf(dark)}`,
    });
    expect(servedOf(authenticators)).toEqual([SVG, dark]);
  });

  it('replace each other if the light or the dark one is missing', () => {
    expect(servedOf(withEntry({ icon_light: asSvg(SVG) }))).toEqual([SVG, SVG]);
    expect(servedOf(withEntry({ icon_dark: asSvg(SVG), icon_light: null }))).toEqual([SVG, SVG]);
  });

  it.each([
    ['a PNG', 'data:image/png;base64,iVBORw0KGgo='],
    ['not base64', `data:image/svg+xml;base64,${SVG}`],
    ['an address', 'https://icons.example/a.svg'],
    ['HTML', asSvg('<html><svg/></html>')],
    ['larger than 64 KiB', asSvg(SVG + ' '.repeat(64 * 1024))],
    ['not text', 7],
  ])('are ignored when they are %s', (_what, icon) => {
    const authenticators = withEntry({ name: 'K', icon_light: icon });
    expect(authenticators.iconPaths(MODEL, 'platform').light).toMatch(/^\/icons\/platform\/light\.svg\?v=/);
    expect(servedOf(authenticators)).toEqual([undefined, undefined]);
  });
});

describe('a metadata file that changes while the service runs', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    Logger.overrideLogger(false);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is read again without a restart, and a broken one is survived', async () => {
    const authenticators = withEntry({ name: 'First', icon_light: asSvg(SVG) });
    authenticators.onApplicationBootstrap();
    const [path, later] = [join(directory, 'metadata.json'), () => jest.advanceTimersByTimeAsync(30_000)];
    const before = authenticators.iconPaths(MODEL, 'passkey').light;
    writeFileSync(path, JSON.stringify({ [MODEL]: { name: 'Second', icon_light: asSvg(`${SVG} `) } }));
    await later();
    expect(authenticators.nameOf(MODEL)).toBe('Second');
    expect(authenticators.iconPaths(MODEL, 'passkey').light).not.toBe(before);
    for (const broken of ['', '{', '{"not-an-aaguid": {}}']) {
      writeFileSync(path, broken);
      await later();
      expect(authenticators.nameOf(MODEL)).toBe('Second');
    }
    rmSync(path);
    await later();
    expect(authenticators.nameOf(MODEL)).toBe('Second');
    writeFileSync(path, '{}');
    await later();
    expect(authenticators.nameOf(MODEL)).toBeNull();
    expect(authenticators.iconPaths(MODEL, 'passkey').light).toContain('/icons/passkey/');
    await authenticators.onModuleDestroy();
  });
});

describe('a metadata file that cannot be used stops the start with the reason', () => {
  it.each([
    ['', 'it is not JSON'],
    ['{', 'it is not JSON'],
    ['null', 'it is not an object'],
    ['[]', 'it is not an object'],
    ['{"not-an-aaguid": {"name": "K"}}', '"not-an-aaguid" is not an AAGUID'],
    [`{"${MODEL}": "K"}`, `the entry of ${MODEL} is not an object`],
    [`{"${MODEL}": {"name": 7}}`, `the name of ${MODEL} is not text`],
  ])('%j', (text, why) => {
    expect(() => withText(text)).toThrow(why);
    expect(() => withText(text)).toThrow('AUTHENTICATOR_METADATA_FILE');
  });

  it('when the file does not exist', () => {
    expect(() => made(join(directory, 'absent.json'))).toThrow('it cannot be read');
  });
});

describe('the built-in drawings', () => {
  it.each(['passkey', 'security_key', 'platform'] as const)(
    'of a %s contain no scripts, links or styles',
    (type) => {
      for (const variant of ['light', 'dark'] as const) {
        const svg = drawingOf(type, variant);
        expect(svg).toMatch(
          /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*>(<[a-z]+ [^<>]*\/>)+<\/svg>$/,
        );
        expect(svg).not.toMatch(/style|script|href|url\(/);
      }
    },
  );
});
