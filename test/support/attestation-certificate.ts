import { createPublicKey, KeyObject, sign } from 'node:crypto';

/** What a made-up attestation certificate says besides its key. */
export interface CertificateTraits {
  organizationalUnit?: string;
}

/**
 * A self-signed X.509 certificate, in DER, for an EC key, of the shape that a packed attestation asks for (WebAuthn
 * Level 3 §8.2.1).
 */
export function attestationCertificate(privateKey: KeyObject, traits: CertificateTraits = {}): Buffer {
  const ecdsaWithSha256 = der(0x30, oid('2a8648ce3d040302'));
  const name = distinguishedName(traits.organizationalUnit ?? 'Authenticator Attestation');
  const year = new Date().getUTCFullYear() % 100;
  const time = (value: number) =>
    der(0x17, Buffer.from(`${String(value % 100).padStart(2, '0')}0101000000Z`));
  const notAnAuthority = der(0x30, oid('551d13'), der(0x04, der(0x30)));
  const toBeSigned = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    der(0x30, time(year - 1), time(year + 1)),
    name,
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, notAnAuthority)),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  return der(0x30, toBeSigned, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
}

function distinguishedName(organizationalUnit: string): Buffer {
  const attributes: [id: string, tag: number, value: string][] = [
    ['550406', 0x13, 'SE'],
    ['55040a', 0x0c, 'Keyway tests'],
    ['55040b', 0x0c, organizationalUnit],
    ['550403', 0x0c, 'Software authenticator'],
  ];
  return der(
    0x30,
    ...attributes.map(([id, tag, value]) => der(0x31, der(0x30, oid(id), der(tag, Buffer.from(value))))),
  );
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}
