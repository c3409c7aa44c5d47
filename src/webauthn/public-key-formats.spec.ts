import { generateKeyPairSync, type JsonWebKey, KeyObject } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import { coseKey, encodeCbor } from '../../test/support/software-credential.js';
import { Refusal } from '../errors/refusal.js';
import { isSameKey, PublicKeyRefusal, readPublicKey } from './public-key-formats.js';

const KEYS = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  EdDSA: generateKeyPairSync('ed25519'),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const ALGORITHMS = { ES256: -7, ES384: -35, ES512: -36, EdDSA: -8, RS256: -257 };

const jwkOf = (key: KeyObject): JsonWebKey => key.export({ format: 'jwk' });
const derOf = (key: KeyObject) => key.export({ format: 'der', type: 'spki' });
const pemOf = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' });
const bytes = (text = '') => new Uint8Array(Buffer.from(text, 'base64url'));

const reasonFor = (given: unknown): string | undefined => {
  try {
    readPublicKey(given);
    return undefined;
  } catch (error) {
    return error instanceof Refusal && error instanceof PublicKeyRefusal ? error.reason : String(error);
  }
};

describe.each(['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256'] as const)('a public key of %s', (name) => {
  const { publicKey, privateKey } = KEYS[name];
  const cose = readPublicKey(jwkOf(publicKey)).publicKey;

  it('is read as the same COSE_Key from every format', () => {
    const forms = [
      cose.toString('base64url'),
      cose.toString('base64'),
      derOf(publicKey).toString('base64'),
      derOf(publicKey).toString('base64').replaceAll('=', ''),
      derOf(publicKey).toString('base64url'),
      pemOf(publicKey),
      `${pemOf(publicKey).toString().replaceAll('\n', '\r\n')}\r\n`,
      jwkOf(publicKey),
      { ...jwkOf(publicKey), alg: name, use: 'sig', kid: '1', key_ops: ['verify'] },
      JSON.stringify(jwkOf(publicKey)),
    ];
    for (const form of forms) {
      expect(readPublicKey(form)).toEqual({ publicKey: cose, algorithm: ALGORITHMS[name] });
    }
  });

  it('is refused if it has a private member', () => {
    expect(reasonFor(jwkOf(privateKey))).toBe('private');
    expect(reasonFor(JSON.stringify(jwkOf(privateKey)))).toBe('private');
    expect(reasonFor(privateKey.export({ format: 'pem', type: 'pkcs8' }))).toBe('private');
    expect(reasonFor(privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'))).toBe('private');
    const label = name === 'RS256' ? -3 : -4;
    const members = isoCBOR.decodeFirst<Map<number, number | Uint8Array>>(new Uint8Array(cose));
    const whole = encodeCbor(coseKey(...members, [label, bytes(jwkOf(privateKey).d)]));
    expect(reasonFor(whole.toString('base64'))).toBe('private');
  });

  it('is refused if it is extended, truncated or for another algorithm', () => {
    for (const whole of [cose, derOf(publicKey)]) {
      expect(reasonFor(Buffer.concat([whole, Buffer.from([0])]).toString('base64'))).toBe('malformed');
      expect(reasonFor(whole.subarray(0, -1).toString('base64'))).toBe('malformed');
    }
    expect(reasonFor({ ...jwkOf(publicKey), alg: name === 'ES384' ? 'ES256' : 'ES384' })).toBe('unsupported');
  });
});

describe('a public key', () => {
  const p256 = jwkOf(KEYS.ES256.publicKey);
  const spki = (...pair: [{ publicKey: KeyObject }]) => derOf(pair[0].publicKey).toString('base64');

  it('is refused for other curves, algorithms and key types', () => {
    const p224 = generateKeyPairSync('ec', { namedCurve: 'P-224' });
    const k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const ed448 = generateKeyPairSync('ed448');
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    for (const pair of [p224, k1, ed448, pss]) expect(reasonFor(spki(pair))).toBe('unsupported');
    expect(reasonFor(jwkOf(k1.publicKey))).toBe('unsupported');
    expect(reasonFor({ kty: 'oct' })).toBe('unsupported');
    const es256k = coseKey([1, 2], [3, -47], [-1, 8], [-2, bytes(p256.x)], [-3, bytes(p256.y)]);
    expect(reasonFor(encodeCbor(es256k).toString('base64url'))).toBe('unsupported');
  });

  it('is refused if it is weak, off its curve or of small order', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
    expect(reasonFor(spki(weak))).toBe('malformed');
    expect(reasonFor(jwkOf(weak.publicKey))).toBe('malformed');
    expect(reasonFor({ ...p256, y: p256.x })).toBe('malformed');
    expect(reasonFor({ ...p256, x: p256.x!.slice(0, -2) })).toBe('malformed');
    expect(reasonFor({ kty: 'OKP', crv: 'Ed25519', x: Buffer.alloc(32).toString('base64url') })).toBe(
      'malformed',
    );
  });

  it('is refused as a COSE_Key with unknown members', () => {
    const members: [number, number | Uint8Array][] = [
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(p256.x)],
      [-3, bytes(p256.y)],
    ];
    const withAnother = encodeCbor(coseKey(...members, [-5, new Uint8Array(32)]));
    expect(reasonFor(withAnother.toString('base64url'))).toBe('malformed');
  });

  it('is refused if it is not a key', () => {
    const hostile = [undefined, null, '', '  ', 7, true, [], {}, '{', '[]', '{"kty":', 'AAAA', '-', 'ä'];
    const texts = [
      '-----BEGIN PUBLIC KEY-----',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      '-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----',
    ];
    for (const given of [...hostile, ...texts, 'A'.repeat(100_000), '['.repeat(60_000)]) {
      expect(reasonFor(given)).toMatch(/malformed|unsupported/);
    }
  });
});

describe('two COSE_Keys', () => {
  it('are equal if only the order of their members differs', () => {
    const { publicKey } = readPublicKey(jwkOf(KEYS.ES256.publicKey));
    const { x, y } = jwkOf(KEYS.ES256.publicKey);
    const shuffled = encodeCbor(coseKey([-3, bytes(y)], [-2, bytes(x)], [-1, 1], [3, -7], [1, 2]));
    expect(readPublicKey(shuffled.toString('base64url')).publicKey).toEqual(shuffled);
    expect(isSameKey(publicKey, shuffled)).toBe(true);
    expect(isSameKey(publicKey, readPublicKey(jwkOf(KEYS.RS256.publicKey)).publicKey)).toBe(false);
  });
});
