import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from '../config/configuration.js';
import { KeySet } from './key-set.js';

const ALGORITHMS = TOKEN_ALGORITHMS.filter((alg) => !alg.startsWith('HS'));
const rsaJwk = (modulusLength = 2048) =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });
const ecPair = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve });
const ecJwk = (namedCurve?: string) => ecPair(namedCurve).publicKey.export({ format: 'jwk' });

const setOf = (...keys: unknown[]) => KeySet.parse(JSON.stringify({ keys }), ALGORITHMS);
const servedBy = (jwk: JsonWebKey): TokenAlgorithm[] =>
  ALGORITHMS.filter((alg) => setOf({ ...jwk, kid: 'k' }).find(alg, 'k'));

describe('a key of a JWK Set', () => {
  it('serves only the algorithms of its type and curve', () => {
    expect(servedBy(rsaJwk())).toEqual(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']);
    expect(servedBy(ecJwk('P-256'))).toEqual(['ES256']);
    expect(servedBy(ecJwk('P-384'))).toEqual(['ES384']);
    expect(servedBy(ecJwk('P-521'))).toEqual(['ES512']);
  });

  it('serves only its own algorithm if it names one', () => {
    expect(servedBy({ ...rsaJwk(), alg: 'PS256' })).toEqual(['PS256']);
    expect(servedBy({ ...rsaJwk(), alg: 'RSA-OAEP' })).toEqual([]);
    expect(servedBy({ ...rsaJwk(), alg: 'ES256' })).toEqual([]);
    expect(servedBy({ ...rsaJwk(), alg: 'HS256' })).toEqual([]);
  });

  it('serves no algorithm if its use or key_ops exclude verifying signatures', () => {
    expect(servedBy({ ...ecJwk(), use: 'enc' })).toEqual([]);
    expect(servedBy({ ...ecJwk(), key_ops: ['deriveBits'] })).toEqual([]);
    expect(servedBy({ ...ecJwk(), key_ops: 'verify' })).toEqual([]);
    expect(servedBy({ ...ecJwk(), use: 'sig', key_ops: ['verify'] })).toEqual(['ES256']);
  });

  it('serves no algorithm if it is an RSA key shorter than 2048 bits', () => {
    expect(servedBy(rsaJwk(1024))).toEqual([]);
  });

  it('serves no algorithm if it is symmetric, private, on another curve or malformed', () => {
    expect(servedBy({ kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url') })).toEqual([]);
    expect(servedBy(ecPair().privateKey.export({ format: 'jwk' }))).toEqual([]);
    expect(servedBy(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }))).toEqual([]);
    expect(servedBy(ecJwk('secp256k1'))).toEqual([]);
    expect(servedBy({ ...ecJwk(), x: 'AAAA' })).toEqual([]);
    expect(servedBy({ kty: 'RSA', n: 'AQAB' })).toEqual([]);
  });

  it('serves only the algorithms that the configuration allows', () => {
    const set = KeySet.parse(JSON.stringify({ keys: [{ ...rsaJwk(), kid: 'k' }] }), ['RS256']);
    expect(set.find('RS256', 'k')).toBeDefined();
    expect(set.find('PS256', 'k')).toBeUndefined();
    expect(set.find('HS256', 'k')).toBeUndefined();
  });
});

describe('KeySet', () => {
  it('finds a key by its exact kid', () => {
    const set = setOf({ ...ecJwk(), kid: 'a' }, { ...ecJwk(), kid: 'b' });
    expect(set.find('ES256', 'a')).not.toBe(set.find('ES256', 'b'));
    expect(set.find('ES256', 'A')).toBeUndefined();
    expect(set.find('ES256', '__proto__')).toBeUndefined();
  });

  it('without a kid finds the only key for the algorithm, and no key if there are several', () => {
    expect(setOf(ecJwk(), rsaJwk()).find('ES256', undefined)).toBeDefined();
    expect(setOf(ecJwk(), ecJwk()).find('ES256', undefined)).toBeUndefined();
    expect(setOf(ecJwk(), { ...ecJwk(), use: 'enc' }).find('ES256', undefined)).toBeDefined();
    expect(setOf().find('ES256', undefined)).toBeUndefined();
  });

  it('ignores members that are not keys', () => {
    expect(setOf(null, 7, 'key', [], {}, { ...ecJwk(), kid: 'a' }).find('ES256', 'a')).toBeDefined();
  });

  it.each(['', 'not json', 'null', '[]', '{}', '{"keys":{}}', '"keys"'])('refuses to parse %j', (json) =>
    expect(() => KeySet.parse(json, ALGORITHMS)).toThrow('keys_malformed'),
  );
});
