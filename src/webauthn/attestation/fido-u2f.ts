import type { X509Certificate } from 'node:crypto';
import { attestationInvalid } from '../ceremony-refusal.js';
import { importCredentialKey } from '../credential-key.js';
import { requireSignatureBy, requireThat } from './attestation-key.js';
import type { Attested, Statement } from './attested.js';

const ES256 = -7;
/** The first byte of an uncompressed point (SEC 1 §2.3.3). */
const UNCOMPRESSED = 4;

/** Verifies a FIDO U2F attestation (WebAuthn Level 3 §8.6), for a P-256 credential. Throws `CeremonyRefusal`. */
export async function verifyFidoU2f(
  statement: Statement,
  [certificate, ...others]: readonly [X509Certificate, ...X509Certificate[]],
  { publicKey, credentialId, rpIdHash, clientDataHash }: Attested,
): Promise<void> {
  if (others.length > 0 || certificate.publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw attestationInvalid('There is not exactly one certificate, for a P-256 key.');
  }
  const { crv, x = '', y = '' } = importCredentialKey(publicKey).export({ format: 'jwk' });
  if (crv !== 'P-256') throw attestationInvalid('The credential key is not a P-256 key.');
  const point = [Buffer.of(UNCOMPRESSED), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')];
  const data = Buffer.concat([Buffer.of(0), rpIdHash, clientDataHash, credentialId, ...point]);
  await requireSignatureBy(certificate, { algorithm: ES256, signature: statement.get('sig'), data });
}

/** U2F knows no AAGUIDs, so that it cannot attest one. Throws `CertificateError`. */
export function judgeFidoU2f(
  _chain: readonly [X509Certificate, ...X509Certificate[]],
  { aaguid }: Attested,
): void {
  requireThat(aaguid.equals(Buffer.alloc(aaguid.length)), 'is for a model with an AAGUID');
}
