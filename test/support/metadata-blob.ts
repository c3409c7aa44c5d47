import type { KeyObject } from 'node:crypto';
import { CompactSign } from 'jose';
import { type CertificateTraits, der, extension, newKey, type TestAuthority } from './x509.js';

/** What a metadata BLOB says and how it is signed: everything left out is as it should be. */
export interface BlobTraits {
  /** The payload as a whole, or members to add to it or to replace in it. */
  payload?: unknown;
  /** Members to add to the header or to replace in it. */
  header?: Record<string, unknown>;
  certificate?: CertificateTraits;
  /** Whom the certificate names. */
  host?: string;
  /** Signs in place of the certificate's key. */
  signer?: KeyObject;
  algorithm?: string;
}

/** A metadata BLOB entry for a model. */
export function aMetadataEntry(entry: {
  aaguid?: string;
  keyIdentifiers?: readonly string[];
  roots?: readonly TestAuthority[];
  statuses?: readonly string[];
}): object {
  const { aaguid, keyIdentifiers, roots = [], statuses = ['FIDO_CERTIFIED_L1'] } = entry;
  return {
    ...(aaguid === undefined ? {} : { aaguid }),
    ...(keyIdentifiers ? { attestationCertificateKeyIdentifiers: keyIdentifiers } : {}),
    metadataStatement: {
      description: 'A key for tests',
      attestationRootCertificates: roots.map(({ certificate }) => certificate.toString('base64')),
    },
    statusReports: statuses.map((status) => ({ status, effectiveDate: '2026-01-01' })),
    timeOfLastStatusChange: '2026-01-01',
  };
}

/** A metadata BLOB as the FIDO Alliance publishes it, with certificates below `authority`. */
export function metadataBlob(
  authority: TestAuthority,
  entries: readonly object[] = [],
  traits: BlobTraits = {},
): Promise<string> {
  const { payload = {}, header = {}, host = 'mds.fidoalliance.org', algorithm = 'ES256' } = traits;
  const key = newKey();
  const alternativeName = extension('551d11', der('30', der('82', Buffer.from(host))));
  const chain = authority.chainFor(key, { extensions: [alternativeName], ...traits.certificate });
  const whole = { legalHeader: 'For tests', no: 7, nextUpdate: '2099-12-31', entries };
  const content =
    typeof payload === 'object' && payload !== null && !Array.isArray(payload)
      ? { ...whole, ...payload }
      : payload;
  return new CompactSign(Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)))
    .setProtectedHeader({
      alg: algorithm,
      typ: 'JWT',
      x5c: chain.map((it) => it.toString('base64')),
      ...header,
    })
    .sign(traits.signer ?? key);
}
