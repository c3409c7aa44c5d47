import type { X509Certificate } from 'node:crypto';
import { subjectOf } from '../certificates.js';
import {
  judgeAttestationCertificate,
  requireAaguid,
  requireSignatureBy,
  requireThat,
} from './attestation-key.js';
import type { Attested, Statement } from './attested.js';

/** Attributes of a subject: object identifiers as the content of their DER in hex. */
const SUBJECT = { country: '550406', organization: '55040a', unit: '55040b', name: '550403' } as const;
const UNIT = 'Authenticator Attestation';

/** Verifies a packed attestation by an attestation key (WebAuthn Level 3 §8.2). Throws `CeremonyRefusal`. */
export async function verifyPacked(
  statement: Statement,
  [certificate]: readonly [X509Certificate, ...X509Certificate[]],
  { aaguid, signed }: Attested,
): Promise<void> {
  await requireSignatureBy(certificate, {
    algorithm: statement.get('alg'),
    signature: statement.get('sig'),
    data: signed,
  });
  requireAaguid(certificate, aaguid);
}

/**
 * What §8.2.1 asks of the certificate beyond that; its unit may be one among several. Throws `CertificateError`.
 */
export function judgePacked([certificate]: readonly [X509Certificate, ...X509Certificate[]]): void {
  judgeAttestationCertificate(certificate);
  const subject = subjectOf(certificate);
  const has = (attribute: string, is: (value: string) => boolean) =>
    subject.some(({ identifier, value }) => identifier === attribute && is(value));
  requireThat(
    has(SUBJECT.country, (it) => /^[A-Za-z]{2}$/.test(it)),
    'names no country by two letters',
  );
  requireThat(
    has(SUBJECT.organization, (it) => it !== ''),
    'names no organization',
  );
  requireThat(
    has(SUBJECT.unit, (it) => it === UNIT),
    `names no unit ${UNIT}`,
  );
  requireThat(
    has(SUBJECT.name, (it) => it !== ''),
    'has no common name',
  );
}
