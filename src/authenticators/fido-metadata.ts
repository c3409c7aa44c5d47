import { readFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { AuthenticatorModel, AuthenticatorModels } from '../webauthn/attestation-trust.js';
import { knownRoots } from '../webauthn/certificates.js';
import { type MetadataEntry, verifyMetadataBlob } from './fido-metadata-blob.js';

/** After any of these, ever, an attestation of the model is worth nothing (FIDO Metadata Service 3.0 §3.1.4). */
const COMPROMISED = new Set([
  'REVOKED',
  'USER_VERIFICATION_BYPASS',
  'ATTESTATION_KEY_COMPROMISE',
  'USER_KEY_REMOTE_COMPROMISE',
  'USER_KEY_PHYSICAL_COMPROMISE',
]);

/** The models of authenticator that FIDO metadata vouches for, to decide whose attestation is trusted. */
export class FidoMetadata implements AuthenticatorModels {
  private readonly byAaguid = new Map<string, MetadataEntry>();
  private readonly byAttestationKey = new Map<string, MetadataEntry>();
  /** How many models each root vouches for. */
  private readonly models = new Map<string, number>();

  constructor(entries: readonly MetadataEntry[]) {
    for (const entry of entries) {
      if (entry.aaguid !== null) this.byAaguid.set(entry.aaguid, entry);
      for (const identifier of entry.keyIdentifiers) this.byAttestationKey.set(identifier, entry);
      for (const root of new Set(entry.attestationRoots.map(nameOf))) {
        this.models.set(root, (this.models.get(root) ?? 0) + 1);
      }
    }
  }

  /**
   * Reads a metadata BLOB file and verifies it against `roots`, by default those of the FIDO Alliance; knows no model if
   * there is none. A file that is past its date is used, with a warning. Throws a sentence if it cannot be used.
   */
  static async load(path: string | null, roots = knownRoots('mds')): Promise<FidoMetadata> {
    if (path === null) return new FidoMetadata([]);
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
    return new FidoMetadata(blob.entries);
  }

  ofAaguid(aaguid: string): AuthenticatorModel | null {
    return this.toModel(this.byAaguid.get(aaguid));
  }

  ofAttestationKey(identifier: string): AuthenticatorModel | null {
    return this.toModel(this.byAttestationKey.get(identifier));
  }

  private toModel(entry: MetadataEntry | undefined): AuthenticatorModel | null {
    if (!entry) return null;
    return {
      attestationRoots: entry.attestationRoots.flatMap(certificateOf),
      sharesRoots: entry.attestationRoots.some((root) => this.models.get(nameOf(root))! > 1),
      isCompromised: entry.statuses.some((status) => COMPROMISED.has(status)),
    };
  }
}

const nameOf = (root: Buffer): string => root.toString('base64');

/** A certificate that cannot be read vouches for nobody; the other roots of the model still do. */
function certificateOf(der: Buffer): X509Certificate[] {
  try {
    return [new X509Certificate(der)];
  } catch {
    return [];
  }
}

const unusable = (path: string, why: string, cause: unknown): Error =>
  new Error(`FIDO_METADATA_FILE ${path} cannot be used: ${why}.`, { cause });
