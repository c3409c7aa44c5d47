import { createPublicKey, type KeyObject } from 'node:crypto';
import { type CertificateTraits, type NameAttribute, signedCertificate } from './x509.js';

/** The subject that a packed attestation asks for (WebAuthn Level 3 §8.2.1). */
export const attestationSubject = (organizationalUnit = 'Authenticator Attestation'): NameAttribute[] => [
  ['550406', 'SE'],
  ['55040a', 'Keyway tests'],
  ['55040b', organizationalUnit],
  ['550403', 'Software authenticator'],
];

/** A self-signed X.509 certificate, in DER, for an EC key, of the shape that a packed attestation asks for. */
export function attestationCertificate(
  privateKey: KeyObject,
  traits: CertificateTraits & { organizationalUnit?: string } = {},
): Buffer {
  const subject = attestationSubject(traits.organizationalUnit);
  return signedCertificate(createPublicKey(privateKey), { subject, ...traits }, subject, privateKey);
}
