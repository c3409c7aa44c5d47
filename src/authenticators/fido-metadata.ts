import { readFile } from 'node:fs/promises';
import type { X509Certificate } from 'node:crypto';
import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AuthenticatorModel, AuthenticatorModels } from '../webauthn/attestation/attestation-trust.js';
import { knownRoots, readCertificates } from '../webauthn/certificates.js';
import { CertificateError } from '../webauthn/der.js';
import { ReloadedFile } from './reloaded-file.js';
import { findSharedRoots } from './shared-roots.js';
import { type MetadataEntry, verifyMetadataBlob } from './fido-metadata-blob.js';

/** After any of these, ever, an attestation of the model is worth nothing (FIDO Metadata Service 3.0 §3.1.4). */
const COMPROMISED = new Set([
  'REVOKED',
  'USER_VERIFICATION_BYPASS',
  'ATTESTATION_KEY_COMPROMISE',
  'USER_KEY_REMOTE_COMPROMISE',
  'USER_KEY_PHYSICAL_COMPROMISE',
]);

/** The models of one state of the metadata. */
class Models {
  readonly byAaguid = new Map<string, AuthenticatorModel>();
  readonly byAttestationKey = new Map<string, AuthenticatorModel>();

  constructor(entries: readonly MetadataEntry[]) {
    const roots = new Map<string, readonly X509Certificate[]>();
    for (const entry of entries) {
      const name = nameOf(entry);
      roots.set(name, [...(roots.get(name) ?? []), ...entry.attestationRoots.flatMap(certificatesOf)]);
    }
    const isShared = findSharedRoots(roots);
    for (const entry of entries) {
      const attestationRoots = roots.get(nameOf(entry))!;
      const model = {
        attestationRoots,
        sharesRoots: attestationRoots.some(isShared),
        isCompromised: entry.statuses.some((status) => COMPROMISED.has(status)),
      };
      if (entry.aaguid !== null) add(this.byAaguid, entry.aaguid, model);
      for (const identifier of entry.keyIdentifiers) add(this.byAttestationKey, identifier, model);
    }
  }
}

/**
 * The models of authenticators in FIDO metadata, which decide whether an attestation is trusted. A file that has changed is
 * read again.
 */
export class FidoMetadata implements AuthenticatorModels, OnApplicationBootstrap, OnModuleDestroy {
  private models = new Models([]);
  private file: ReloadedFile | null = null;

  /**
   * Reads a metadata BLOB file and verifies it against `roots`, by default those of the FIDO Alliance. Without a path it
   * knows no model. Uses a file that is past its date, with a warning. Throws an error with a sentence if it cannot.
   */
  static async load(path: string | null, roots = knownRoots('mds')): Promise<FidoMetadata> {
    const metadata = new FidoMetadata();
    if (path === null) return metadata;
    metadata.file = new ReloadedFile(path, () => metadata.read(path, roots));
    await metadata.read(path, roots);
    return metadata;
  }

  onApplicationBootstrap(): void {
    this.file?.start();
  }

  onModuleDestroy(): Promise<void> | undefined {
    return this.file?.stop();
  }

  ofAaguid(aaguid: string): AuthenticatorModel | null {
    return this.models.byAaguid.get(aaguid) ?? null;
  }

  ofAttestationKey(identifier: string): AuthenticatorModel | null {
    return this.models.byAttestationKey.get(identifier) ?? null;
  }

  private async read(path: string, roots: ReturnType<typeof knownRoots>): Promise<void> {
    const jwt = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw unusable(path, 'it cannot be read', cause);
    });
    const blob = await verifyMetadataBlob(jwt.trim(), roots).catch((cause: Error) => {
      throw unusable(path, cause.message, cause);
    });
    if (blob.nextUpdate < Date.now()) {
      const date = new Date(blob.nextUpdate).toISOString().slice(0, 10);
      new Logger(FidoMetadata.name).warn(
        `FIDO_METADATA_FILE has number ${blob.number}, which was to be replaced by ${date}: put a newer one there.`,
      );
    }
    this.models = new Models(blob.entries);
  }
}

/** The key by which several entries of one model are joined. */
const nameOf = ({ aaguid, keyIdentifiers }: MetadataEntry): string => aaguid ?? keyIdentifiers.join();

/** A model that is listed twice is as bad as the worse of its entries says. */
function add(models: Map<string, AuthenticatorModel>, name: string, model: AuthenticatorModel): void {
  const isCompromised = model.isCompromised || (models.get(name)?.isCompromised ?? false);
  models.set(name, { ...model, isCompromised });
}

/** A root that cannot be read, or has a weak key, is ignored; the other roots of the model still count. */
function certificatesOf(der: Buffer): X509Certificate[] {
  try {
    return readCertificates([der]);
  } catch (error) {
    if (error instanceof CertificateError) return [];
    throw error;
  }
}

const unusable = (path: string, why: string, cause: unknown): Error =>
  new Error(`FIDO_METADATA_FILE ${path} cannot be used: ${why}.`, { cause });
