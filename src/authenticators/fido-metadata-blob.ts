import { X509Certificate } from 'node:crypto';
import { compactVerify, decodeProtectedHeader } from 'jose';
import { leadsToAnchor } from '../webauthn/attestation/certificate-path.js';
import { readCertificates } from '../webauthn/certificates.js';

/** The part of a metadata BLOB's entry for one model that concerns its attestations. */
export interface MetadataEntry {
  /** Lower-case UUID; null for models that have none. */
  readonly aaguid: string | null;
  /** SHA-1 of the attestation keys of a U2F model, lower-case hex. */
  readonly keyIdentifiers: readonly string[];
  /** Certificates in DER. */
  readonly attestationRoots: readonly Buffer[];
  /** Such as `FIDO_CERTIFIED` or `REVOKED`, in the order of their reports. */
  readonly statuses: readonly string[];
}

/** A metadata BLOB whose signature has been verified. */
export interface MetadataBlob {
  /** Serial number of the publication. */
  readonly number: number;
  /** The date by which a newer one is published, in milliseconds since the epoch. */
  readonly nextUpdate: number;
  readonly entries: readonly MetadataEntry[];
}

/** The host name in the certificate that signs FIDO metadata. */
const PUBLISHER = 'mds.fidoalliance.org';
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/**
 * Verifies a metadata BLOB (FIDO Metadata Service 3.0 §3.1.7, §3.2) and reads it. It is a JWT signed with the publisher's
 * certificate, which must lead to one of `roots` at `now` (milliseconds since the epoch). Makes no network call, and so
 * neither notices a revoked certificate nor fetches an `x5u`. Throws an error that says what is wrong.
 */
export async function verifyMetadataBlob(
  jwt: string,
  roots: readonly X509Certificate[],
  now: number = Date.now(),
): Promise<MetadataBlob> {
  const chain = chainOf(jwt);
  if (!leadsToAnchor(chain, roots, now)) {
    throw new Error('its certificates have expired or do not lead to a root of the FIDO Alliance');
  }
  if (chain[0]!.checkHost(PUBLISHER, { subject: 'never', wildcards: false }) === undefined) {
    throw new Error(`it is not signed by ${PUBLISHER}`);
  }
  let payload: Uint8Array;
  try {
    ({ payload } = await compactVerify(jwt, chain[0]!.publicKey, { algorithms: ALGORITHMS }));
  } catch (cause) {
    throw new Error('its signature is wrong', { cause });
  }
  return readBlob(payload);
}

function chainOf(jwt: string): X509Certificate[] {
  try {
    const { x5c } = decodeProtectedHeader(jwt);
    return readCertificates(x5c!.map((it) => Buffer.from(it, 'base64')));
  } catch (cause) {
    throw new Error('it is not a JWT with its certificates in x5c', { cause });
  }
}

function readBlob(payload: Uint8Array): MetadataBlob {
  try {
    const { no, nextUpdate, entries } = object(JSON.parse(Buffer.from(payload).toString('utf8')));
    const expected = DATE.test(text(nextUpdate)) ? Date.parse(text(nextUpdate)) : NaN;
    if (!Number.isSafeInteger(no) || Number.isNaN(expected)) throw new TypeError('no or nextUpdate');
    return { number: no as number, nextUpdate: expected, entries: list(entries).map(toEntry) };
  } catch (cause) {
    throw new Error('it is not in the form of metadata of version 3', { cause });
  }
}

function toEntry(value: unknown): MetadataEntry {
  const { aaguid, attestationCertificateKeyIdentifiers, metadataStatement, statusReports } = object(value);
  const { attestationRootCertificates } = object(metadataStatement ?? {});
  return {
    aaguid: aaguid === undefined ? null : text(aaguid).toLowerCase(),
    keyIdentifiers: list(attestationCertificateKeyIdentifiers).map((it) => text(it).toLowerCase()),
    attestationRoots: list(attestationRootCertificates).map((it) => Buffer.from(text(it), 'base64')),
    statuses: list(statusReports).map((report) => text(object(report).status)),
  };
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new TypeError('An object was expected.');
}

/** A list that may be left out. */
function list(value: unknown): unknown[] {
  if (value === undefined || Array.isArray(value)) return (value as unknown[] | undefined) ?? [];
  throw new TypeError('A list was expected.');
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError('A text was expected.');
}
