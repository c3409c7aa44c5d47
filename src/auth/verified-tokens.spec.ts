import { jest } from '@jest/globals';
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import type { TokenKeys } from '../config/configuration.js';
import { type FakeServer, fakeServer } from '../../test/support/fake-server.js';
import { TokenVerifier } from './token-verifier.js';

const ISSUER = 'https://issuer.example';
const KEY = createSecretKey(Buffer.alloc(32, 7));
const START = Date.UTC(2026, 10, 27) / 1000;
const MINUTE = 60;

const aToken = (claims: { readonly nbf?: number } = {}): Promise<string> =>
  new SignJWT({ aud: 'keyway', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER)
    .setSubject('ada')
    .setExpirationTime(START + 10 * MINUTE)
    .sign(KEY);

const verifierWith = (keys: TokenKeys): TokenVerifier =>
  new TokenVerifier({
    issuers: [{ name: ISSUER, audience: 'keyway', keys }],
    algorithms: ['HS256', 'ES256'],
    audienceClaim: null,
  });

const given = (): TokenVerifier =>
  verifierWith({ kind: 'given', keys: [{ key: KEY, algorithms: ['HS256'] }] });

/** Turns the clock to so many seconds after the start. */
const turnTo = (seconds: number): void => void jest.setSystemTime((START + seconds) * 1000);

let verifications: jest.SpiedFunction<typeof crypto.subtle.verify>;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout'] });
  turnTo(0);
  verifications = jest.spyOn(globalThis.crypto.subtle, 'verify');
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe('a token that was accepted before', () => {
  it('is accepted again for the same person without a second verification of its signature', async () => {
    const verifier = given();
    const token = await aToken();
    const first = await verifier.verify(token);
    await expect(verifier.verify(token)).resolves.toEqual(first);
    expect(first.sub).toBe('ada');
    expect(verifications).toHaveBeenCalledTimes(1);
  });

  it('is refused from the moment at which its first verification would refuse it', async () => {
    const verifier = given();
    const token = await aToken();
    await verifier.verify(token);
    turnTo(10 * MINUTE + 29);
    await expect(verifier.verify(token)).resolves.toMatchObject({ sub: 'ada' });
    turnTo(10 * MINUTE + 30);
    await expect(verifier.verify(token)).rejects.toMatchObject({ reason: 'token_expired' });
    await expect(given().verify(token)).rejects.toMatchObject({ reason: 'token_expired' });
  });

  it('is refused where the clock goes back to before it is valid, as at a first verification', async () => {
    const verifier = given();
    const token = await aToken({ nbf: START });
    await verifier.verify(token);
    turnTo(-30);
    await expect(verifier.verify(token)).resolves.toMatchObject({ sub: 'ada' });
    turnTo(-31);
    await expect(verifier.verify(token)).rejects.toMatchObject({ reason: 'token_not_active' });
    await expect(given().verify(token)).rejects.toMatchObject({ reason: 'token_not_active' });
  });

  it('lends nothing to a token that differs in its signature alone', async () => {
    const verifier = given();
    const token = await aToken();
    await verifier.verify(token);
    const [header, payload] = token.split('.');
    const forged = `${header}.${payload}.${Buffer.alloc(32).toString('base64url')}`;
    await expect(verifier.verify(forged)).rejects.toMatchObject({ reason: 'wrong_signature' });
  });
});

describe('a token whose key leaves the key set of its issuer', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let server: FakeServer;
  let keys: readonly object[];

  beforeEach(async () => {
    keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'first' }];
    server = await fakeServer((_request, response) => response.end(JSON.stringify({ keys })));
  });
  afterEach(() => server.close());

  it('is refused once the set was fetched again, though it was accepted before', async () => {
    const verifier = verifierWith({ kind: 'jwks', uri: `${server.url}/keys`, isInsecure: true });
    const token = await new SignJWT({ aud: 'keyway' })
      .setProtectedHeader({ alg: 'ES256', kid: 'first' })
      .setIssuer(ISSUER)
      .setExpirationTime(START + 60 * MINUTE)
      .sign(privateKey);
    await verifier.verify(token);
    keys = [];
    await expect(verifier.verify(token)).resolves.toBeDefined();
    jest.advanceTimersByTime(10 * MINUTE * 1000);
    await expect(verifier.verify(token)).rejects.toMatchObject({ reason: 'unknown_key' });
    expect(server.requests).toHaveLength(2);
  });
});

describe('a token that was refused', () => {
  it('is verified again, as the next call may find another key', async () => {
    const verifier = given();
    const [header, payload] = (await aToken()).split('.');
    const forged = `${header}.${payload}.${Buffer.alloc(32).toString('base64url')}`;
    for (let i = 0; i < 2; i++) {
      await expect(verifier.verify(forged)).rejects.toMatchObject({ reason: 'wrong_signature' });
    }
    expect(verifications).toHaveBeenCalledTimes(2);
  });
});
