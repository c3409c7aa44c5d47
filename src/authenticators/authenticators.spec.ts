import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '../config/configuration.js';
import { Authenticators } from './authenticators.js';

const ICLOUD_KEYCHAIN = 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd';
const ZERO = '00000000-0000-0000-0000-000000000000';
const OURS = '11111111-2222-3333-4444-555555555555';
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>';

const dataUrl = (content: string, type = 'image/svg+xml'): string =>
  `data:${type};base64,${Buffer.from(content).toString('base64')}`;

describe('names and icons of authenticators', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'keyway-metadata-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const without = (): Authenticators =>
    new Authenticators({ authenticatorMetadataFile: null } as Configuration);

  function withFile(content: unknown): Authenticators {
    const path = join(directory, 'metadata.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return new Authenticators({ authenticatorMetadataFile: path } as Configuration);
  }

  it('names a provider that the community knows, however its AAGUID is written', () => {
    expect(without().nameOf(ICLOUD_KEYCHAIN)).toMatch(/iCloud|Apple/);
    expect(without().nameOf(ICLOUD_KEYCHAIN.toUpperCase())).toBe(without().nameOf(ICLOUD_KEYCHAIN));
  });

  it('never looks the zero AAGUID up, even if the file names it', () => {
    const authenticators = withFile({ [ZERO]: { name: 'Nobody', icon_light: dataUrl(SVG) } });
    expect(authenticators.nameOf(ZERO)).toBeNull();
    expect(authenticators.iconPaths(ZERO, 'platform').light).toBe('/icons/platform/light.svg');
  });

  it('lets the operator’s file win over the community’s names', () => {
    expect(withFile({ [ICLOUD_KEYCHAIN]: { name: 'Our Keychain' } }).nameOf(ICLOUD_KEYCHAIN)).toBe(
      'Our Keychain',
    );
  });

  it('takes what could disguise a line out of a name, and cuts it at 64 characters', () => {
    const authenticators = withFile({ [OURS]: { name: `\u202eevil\u0007 ${'x'.repeat(100)}` } });
    expect(authenticators.nameOf(OURS)).toBe(`evil ${'x'.repeat(59)}`);
  });

  it('serves the file’s icons under the AAGUID, one for both themes where only one is given', () => {
    const authenticators = withFile({ [OURS]: { name: 'Ours', icon_dark: dataUrl(SVG) } });
    expect(authenticators.iconPaths(OURS, 'passkey')).toEqual({
      light: `/icons/${OURS}/light.svg`,
      dark: `/icons/${OURS}/dark.svg`,
    });
    expect(authenticators.icon(OURS, 'light')?.svg.toString()).toBe(SVG);
  });

  it.each([
    ['a picture of another type', dataUrl('PNG', 'image/png')],
    ['a link', 'https://example.com/icon.svg'],
    ['a page that is called an SVG', dataUrl('hello <script>')],
    ['one larger than 64 KiB', dataUrl(`<svg>${'x'.repeat(70_000)}</svg>`)],
  ])('leaves out %s and draws the type instead', (_case, icon) => {
    const authenticators = withFile({ [OURS]: { name: 'Ours', icon_light: icon } });
    expect(authenticators.iconPaths(OURS, 'security_key').light).toBe('/icons/security_key/light.svg');
    expect(authenticators.icon(OURS, 'light')).toBeUndefined();
  });

  it.each(['passkey', 'security_key', 'platform'] as const)('has a drawing of its own for %s', (type) => {
    const paths = without().iconPaths(OURS, type);
    expect(paths).toEqual({ light: `/icons/${type}/light.svg`, dark: `/icons/${type}/dark.svg` });
    for (const theme of ['light', 'dark']) {
      const drawing = without().icon(type, theme);
      expect(drawing).toMatchObject({ neutral: true });
      expect(drawing?.svg.toString()).toMatch(/^<svg [^>]+>.*<\/svg>$/s);
    }
  });

  it('has no icon under any other name', () => {
    for (const name of ['__proto__', 'constructor', '', '../passkey']) {
      expect(without().icon(name, 'light')).toBeUndefined();
    }
  });

  it.each([
    ['is no JSON', '{'],
    ['is a list', []],
    ['names something that is no AAGUID', { nonsense: { name: 'x' } }],
    ['has an entry that is no object', { [OURS]: 'x' }],
    ['has a name that is no text', { [OURS]: { name: 7 } }],
  ])('stops the start with a sentence if the file %s', (_case, content) => {
    expect(() => withFile(content)).toThrow(/^AUTHENTICATOR_METADATA_FILE .* cannot be used: .+\.$/);
  });
});
