import { generateKeyPairSync } from 'node:crypto';
import {
  CoseKey,
  coseKey,
  encodeCbor,
  generateCredentialKey,
  SoftwareAlgorithm,
} from '../../test/support/software-credential.js';
import { verifyCredentialKey } from './credential-key.js';

const OFFERED = [-7, -35, -36, -8, -257];
const KEYS = new Map(
  ([-7, -35, -36, -8, -257] as const).map((algorithm) => [
    algorithm,
    generateCredentialKey(algorithm).publicKey,
  ]),
);
const verify = (key: CoseKey) => verifyCredentialKey(encodeCbor(key), OFFERED);
const changed = (algorithm: SoftwareAlgorithm, ...members: [number, number | Uint8Array][]) =>
  new Map([...(KEYS.get(algorithm) ?? []), ...members]);
const without = (algorithm: SoftwareAlgorithm, label: number) =>
  new Map([...(KEYS.get(algorithm) ?? [])].filter(([key]) => key !== label));
const bytes = (algorithm: SoftwareAlgorithm, label: number) =>
  Buffer.from(KEYS.get(algorithm)?.get(label) as Uint8Array);
const flipped = (algorithm: SoftwareAlgorithm, label: number) => {
  const copy = bytes(algorithm, label);
  copy[7] = (copy[7] ?? 0) ^ 1;
  return new Uint8Array(copy);
};
const rsaKey = (bits: number, exponent = 65537) => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: exponent });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const part = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));
  return coseKey([1, 3], [3, -257], [-1, part(n)], [-2, part(e)]);
};
const littleEndian = (value: bigint) =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse());

describe('WebAuthn Level 3 §5.8.5 and §6.5.1.1 credential public keys', () => {
  it.each([-7, -35, -36, -8, -257] as const)('accepts and returns a key of algorithm %i', (algorithm) => {
    const key = encodeCbor(KEYS.get(algorithm));
    expect(verifyCredentialKey(key, OFFERED)).toBe(algorithm);
  });

  it.each([-7, -35, -36, -8, -257] as const)('refuses algorithm %i if it was not offered', (algorithm) => {
    const others = OFFERED.filter((offered) => offered !== algorithm);
    expect(() => verifyCredentialKey(encodeCbor(KEYS.get(algorithm)), others)).toThrow(
      expect.objectContaining({ reason: 'algorithm_not_offered', step: '7.1-20' }),
    );
  });

  it('refuses an unsupported algorithm even if it was offered', () => {
    expect(() => verifyCredentialKey(encodeCbor(changed(-7, [3, -47])), [-47])).toThrow(
      expect.objectContaining({ reason: 'algorithm_not_offered' }),
    );
  });

  const one = new Uint8Array([1]);
  it.each<[string, () => CoseKey]>([
    ['a P-256 point off its curve', () => changed(-7, [-2, flipped(-7, -2)])],
    ['a P-256 point at infinity', () => changed(-7, [-2, new Uint8Array(32)], [-3, new Uint8Array(32)])],
    ['a P-256 coordinate beyond the field', () => changed(-7, [-2, new Uint8Array(32).fill(0xff)])],
    [
      'a P-256 coordinate that is too short',
      () => changed(-7, [-2, new Uint8Array(bytes(-7, -2).subarray(1))]),
    ],
    ['a P-256 coordinate that is too long', () => changed(-7, [-3, new Uint8Array(33)])],
    ['a compressed P-256 point', () => changed(-7, [-3, 1])],
    ['ES256 on P-384', () => changed(-7, [-1, 2])],
    ['ES256 with a key on P-384', () => changed(-35, [3, -7])],
    ['ES384 with a key on P-256', () => changed(-7, [3, -35])],
    ['ES384 on P-521', () => changed(-36, [3, -35])],
    ['ES512 on P-384', () => changed(-35, [3, -36])],
    ['a P-384 point off its curve', () => changed(-35, [-2, flipped(-35, -2)])],
    ['a P-521 point off its curve', () => changed(-36, [-3, flipped(-36, -3)])],
    ['a P-521 point at infinity', () => changed(-36, [-2, new Uint8Array(66)], [-3, new Uint8Array(66)])],
    ['a P-521 coordinate beyond the field', () => changed(-36, [-2, new Uint8Array(66).fill(0xff)])],
    ['a P-384 coordinate that is too short', () => changed(-35, [-2, new Uint8Array(47)])],
    ['a compressed P-521 point', () => changed(-36, [-3, 1])],
    ['a private part on P-384', () => changed(-35, [-4, new Uint8Array(48)])],
    ['ES256 with the key type of Ed25519', () => changed(-7, [1, 1])],
    ['ES256 with an RSA key', () => changed(-257, [3, -7])],
    ['EdDSA with the key type of P-256', () => changed(-8, [1, 2])],
    ['EdDSA on X25519', () => changed(-8, [-1, 4])],
    ['EdDSA on Ed448', () => changed(-8, [-1, 7])],
    ['RS256 with the key type of P-256', () => changed(-257, [1, 2])],
    ['an RSA modulus of 1024 bits', () => rsaKey(1024)],
    ['an RSA modulus of 2047 bits', () => changed(-257, [-1, new Uint8Array(256).fill(0x7f)])],
    ['an RSA modulus of 4104 bits', () => changed(-257, [-1, new Uint8Array(513).fill(0xff)])],
    ['an even RSA modulus', () => changed(-257, [-1, new Uint8Array(256).fill(0xfe)])],
    ['an RSA modulus with leading zeros', () => changed(-257, [-1, new Uint8Array([0, ...bytes(-257, -1)])])],
    ['the RSA exponent 3', () => changed(-257, [-2, new Uint8Array([3])])],
    ['the RSA exponent 1', () => changed(-257, [-2, one])],
    ['an even RSA exponent', () => changed(-257, [-2, new Uint8Array([1, 0, 0])])],
    ['an RSA exponent beyond 32 bits', () => changed(-257, [-2, new Uint8Array([1, 0, 0, 0, 1])])],
    ['an RSA exponent that is a number', () => changed(-257, [-2, 65537])],
    ['a private part', () => changed(-7, [-4, new Uint8Array(32)])],
    ['an unknown member', () => changed(-8, [99, 1])],
    ['a key ID', () => changed(-7, [2, one])],
    ['no algorithm', () => without(-7, 3)],
    ['no curve', () => without(-7, -1)],
    ['no y', () => without(-7, -3)],
    ['no exponent', () => without(-257, -2)],
  ])('refuses %s', (_, key) => {
    expect(() => verify(key())).toThrow(
      expect.objectContaining({ name: 'CeremonyRefusal', reason: 'malformed_key', step: '7.1-20' }),
    );
  });

  it.each([2048, 3072, 4096])('accepts an RSA modulus of %i bits', (bits) => {
    const modulus = new Uint8Array(bits / 8).fill(0xff);
    expect(verify(changed(-257, [-1, modulus]))).toBe(-257);
  });

  it('refuses a key that is not in canonical encoding', () => {
    const key = encodeCbor(KEYS.get(-8));
    const longer = Buffer.concat([Buffer.from('a4180101', 'hex'), key.subarray(3)]);
    expect(() => verifyCredentialKey(longer, OFFERED)).toThrow(
      expect.objectContaining({ reason: 'malformed_key' }),
    );
  });

  it.each([
    ['something after the key', Buffer.concat([encodeCbor(KEYS.get(-8)), Buffer.from([0])])],
    ['an array', encodeCbor([1, 2])],
    ['no bytes', Buffer.alloc(0)],
  ])('refuses %s', (_, key) => {
    expect(() => verifyCredentialKey(key, OFFERED)).toThrow(
      expect.objectContaining({ reason: 'malformed_cbor' }),
    );
  });
});

describe('RFC 8032 §5.1.3 points on Ed25519', () => {
  const p = 2n ** 255n - 19n;

  it('accepts keys that Node generates', () => {
    for (let count = 0; count < 50; count++) {
      const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
      expect(verify(changed(-8, [-2, new Uint8Array(Buffer.from(x, 'base64url'))]))).toBe(-8);
    }
  });

  it('accepts the point with y = 3', () => expect(verify(changed(-8, [-2, littleEndian(3n)]))).toBe(-8));

  it.each([
    ['the neutral element', littleEndian(1n)],
    ['the point of order 2', littleEndian(p - 1n)],
    ['a point of order 4', littleEndian(0n)],
    ['the other point of order 4', littleEndian(2n ** 255n)],
    [
      'a point of order 8',
      Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex'),
    ],
    [
      'another of order 8',
      Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa', 'hex'),
    ],
    ['y = p, which is another spelling of 0', littleEndian(p)],
    ['y = p + 3, which is another spelling of a sound point', littleEndian(p + 3n)],
    ['the odd spelling of x = 0', littleEndian(1n + 2n ** 255n)],
    ['a y without an x', littleEndian(2n)],
    ['31 bytes', new Uint8Array(31)],
    ['33 bytes', new Uint8Array(33)],
  ])('refuses %s', (_, encoded) => {
    expect(() => verify(changed(-8, [-2, new Uint8Array(encoded)]))).toThrow(
      expect.objectContaining({ reason: 'malformed_key' }),
    );
  });
});
