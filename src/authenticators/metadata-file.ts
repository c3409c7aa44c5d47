import { readFileSync } from 'node:fs';
import { toShownText } from '../config/shown-text.js';
import { AAGUID } from '../webauthn/aaguid.js';

/** What a metadata file says of one authenticator model. */
export interface AuthenticatorMetadata {
  readonly name: string | null;
  /** SVG documents; both are there or none, as a missing one is replaced by the other. */
  readonly icons: { readonly light: Buffer; readonly dark: Buffer } | null;
}

const MAX_NAME = 64; // UTF-16 code units
const MAX_ICON = 64 * 1024; // bytes
const SVG_DATA_URL = /^data:image\/svg\+xml;base64,([A-Za-z0-9+/]+={0,2})$/;
const SVG_START = /^\ufeff?\s*<(?:svg|\?xml|!)/i;
/** Control characters, and those that reorder or embed text in the other direction. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Reads a file in the community passkey-authenticator-aaguids JSON format, by AAGUID in lower case. Names are cleaned
 * and cut to 64 characters; an icon that is not SVG, or is larger than 64 KiB, is omitted. Throws an error that names the
 * file if it cannot be read or is of another form.
 */
export function readMetadataFile(path: string): Map<string, AuthenticatorMetadata> {
  const entries = Object.entries(parse(path));
  return new Map(
    entries.map(([aaguid, entry]) => {
      const key = aaguid.toLowerCase();
      if (!AAGUID.test(key)) throw unusable(path, `${JSON.stringify(aaguid.slice(0, 64))} is not an AAGUID`);
      if (!isObject(entry)) throw unusable(path, `the entry of ${key} is not an object`);
      if (entry.name !== undefined && typeof entry.name !== 'string') {
        throw unusable(path, `the name of ${key} is not text`);
      }
      return [key, { name: cleanName(entry.name), icons: iconsOf(entry) }];
    }),
  );
}

/** Takes out what could disguise or break a line of text; null if nothing visible is left. */
export function cleanName(name: string | undefined): string | null {
  const text = name?.toWellFormed().replace(UNPRINTABLE, '').trim().normalize('NFC') ?? '';
  const cut = text.length > MAX_NAME ? text.slice(0, MAX_NAME).replace(/[\ud800-\udbff]$/, '') : text;
  return toShownText(cut, MAX_NAME);
}

function parse(path: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8').replace(/^\ufeff/, ''));
  } catch (error) {
    throw unusable(path, error instanceof SyntaxError ? 'it is not JSON' : 'it cannot be read', error);
  }
  if (!isObject(content)) throw unusable(path, 'it is not an object with AAGUIDs as its members');
  return content;
}

function iconsOf(entry: Record<string, unknown>): AuthenticatorMetadata['icons'] {
  const light = decodeSvg(entry.icon_light);
  const dark = decodeSvg(entry.icon_dark);
  const either = light ?? dark;
  return either && { light: light ?? either, dark: dark ?? either };
}

function decodeSvg(dataUrl: unknown): Buffer | null {
  if (typeof dataUrl !== 'string' || dataUrl.length > MAX_ICON * 2) return null;
  const encoded = SVG_DATA_URL.exec(dataUrl)?.[1];
  if (encoded === undefined) return null;
  const svg = Buffer.from(encoded, 'base64');
  return svg.length <= MAX_ICON && SVG_START.test(svg.toString('utf8', 0, 256)) ? svg : null;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const unusable = (path: string, why: string, cause?: unknown): Error =>
  new Error(`AUTHENTICATOR_METADATA_FILE ${path} cannot be used: ${why}.`, { cause });
