import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { exportJWK } from 'jose';
import { type FakeServer, fakeServer } from '../../test/support/fake-server.js';
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from '../config/configuration.js';
import { keySetSource } from './key-set-source.js';
import { RemoteKeySet } from './remote-key-set.js';

const jwk = (kid: string) => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
});
const setOf = (...kids: string[]): RequestListener => {
  const body = JSON.stringify({ keys: kids.map(jwk) });
  return (_request, response) => response.setHeader('content-type', 'application/json').end(body);
};
const down: RequestListener = (request) => request.socket.destroy();
const UNKNOWN = { reason: 'unknown_key' };
const UNAVAILABLE = { code: 'token_keys_unavailable', retryAfter: 5 };
const SECOND = 1000;

let server: FakeServer;
let answer: RequestListener;
let clock: number;
let keys: RemoteKeySet;

const source = () =>
  keySetSource({ name: 'issuer', keys: { kind: 'jwks', uri: `${server.url}/jwks`, isInsecure: false } });

beforeEach(async () => {
  clock = 0;
  server = await fakeServer((request, response) => answer(request, response));
  keys = new RemoteKeySet(source(), () => clock);
});

afterEach(() => server?.close());

const find = (kid: string | undefined, alg = 'ES256') => keys.find({ alg, kid });

/** Lets a fetch that nobody waits for come to its end. */
const settled = () => sleep(100);

it('fetches the keys once for simultaneous requests, and then answers from memory', async () => {
  answer = setOf('a');
  const found = await Promise.all(Array.from({ length: 50 }, () => find('a')));
  expect(new Set(found).size).toBe(1);
  expect(await find('a')).toBe(found[0]);
  expect(server.requests).toEqual(['GET /jwks']);
});

it('fetches the keys again when a token names a rotated key', async () => {
  answer = setOf('a');
  await find('a');
  answer = setOf('a', 'b');
  clock = SECOND;
  expect(await find('b')).toBeDefined();
});

it('fetches the keys for unknown key ids at most every 30 seconds', async () => {
  answer = setOf('a');
  await find('a');
  for (clock = SECOND; clock < 31 * SECOND; clock += SECOND) {
    await Promise.all(
      Array.from(
        { length: 5 },
        async (_, i) => await expect(find(`made-up-${clock}-${i}`)).rejects.toMatchObject(UNKNOWN),
      ),
    );
  }
  expect(server.requests).toHaveLength(2);
  clock = 31 * SECOND;
  answer = setOf('b');
  expect(await find('b')).toBeDefined();
  expect(server.requests).toHaveLength(3);
});

it('does not fetch the keys twice when the first token names an unknown key', async () => {
  answer = setOf('a');
  await expect(find('b')).rejects.toMatchObject(UNKNOWN);
  expect(server.requests).toHaveLength(1);
});

it('renews the keys in the background after 5 minutes, and drops the removed ones', async () => {
  answer = setOf('a');
  await find('a');
  answer = setOf('b');
  clock = 300 * SECOND;
  expect(await find('a')).toBeDefined();
  await settled();
  expect(await find('b')).toBeDefined();
  expect(server.requests).toHaveLength(2);
  await expect(find('a')).rejects.toMatchObject(UNKNOWN);
});

it('keeps serving keys for at most 10 minutes while the key server is down', async () => {
  answer = setOf('a');
  await find('a');
  answer = down;
  clock = 599 * SECOND;
  expect(await find('a')).toBeDefined();
  await settled();
  expect(await find('a')).toBeDefined();
  clock = 600 * SECOND;
  await expect(find('a')).rejects.toMatchObject(UNAVAILABLE);
});

it('reports the keys as unavailable, not a key as unknown, while the key server is down', async () => {
  answer = setOf('a');
  await find('a');
  answer = down;
  await expect(find('b')).rejects.toMatchObject(UNAVAILABLE);
  await expect(find('c')).rejects.toMatchObject(UNAVAILABLE);
  expect(await find('a')).toBeDefined();
});

it('retries an unavailable key server every 5 seconds, and recovers', async () => {
  answer = down;
  for (let i = 0; i < 3; i += 1) await expect(find('a')).rejects.toMatchObject(UNAVAILABLE);
  expect(server.requests).toHaveLength(1);
  answer = setOf('a');
  clock = 4 * SECOND;
  await expect(find('a')).rejects.toMatchObject(UNAVAILABLE);
  clock = 5 * SECOND;
  expect(await find('a')).toBeDefined();
});

describe('a response that is not a JWK Set', () => {
  const refused = async (listener: RequestListener, reason: string) => {
    answer = listener;
    await expect(find('a')).rejects.toMatchObject({ ...UNAVAILABLE, cause: { reason } });
  };

  it.each([301, 302, 303, 307, 308])(
    'is refused if it is a redirect (%i), and the redirect is not followed',
    async (status) => {
      await refused(
        (_request, response) => response.writeHead(status, { location: '/other' }).end(),
        'keys_unreachable',
      );
      expect(server.requests).toEqual(['GET /jwks']);
    },
  );

  it.each([204, 404, 500])('is refused with status %i', (status) =>
    refused((_request, response) => response.writeHead(status).end(), 'keys_refused'),
  );

  it('is refused at once if the server switches protocols, which nobody asked for', () =>
    refused(
      ({ socket }) =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n'),
      'keys_unreachable',
    ));

  it('is refused if it is larger than 256 kB, before or after decompression', async () => {
    const large = Buffer.from(JSON.stringify({ keys: [jwk('a')], padding: 'x'.repeat(256 * 1024) }));
    await refused((_request, response) => response.end(large), 'keys_too_large');
    clock = 5 * SECOND;
    const packed = gzipSync(large);
    await refused(
      (_request, response) => response.setHeader('content-encoding', 'gzip').end(packed),
      'keys_too_large',
    );
  });

  it.each(['', '<html>', 'null', '[]', '{}', '{"keys":{}}', '"keys"'])(
    'is refused if it is %j, which is not a JWK Set',
    (text) => refused((_request, response) => response.end(text), 'keys_malformed'),
  );

  it('is refused if it takes longer than 5 seconds, even if it trickles in', async () => {
    const startedAt = performance.now();
    let timer: NodeJS.Timeout | undefined;
    await refused((_request, response) => {
      timer = setInterval(() => response.write(' '), 200);
    }, 'keys_unreachable');
    clearInterval(timer);
    expect(performance.now() - startedAt).toBeLessThan(8 * SECOND);
  });
});

describe('a key of a JWK Set', () => {
  const ALGORITHMS = TOKEN_ALGORITHMS.filter((alg) => !alg.startsWith('HS'));
  const rsaJwk = (modulusLength = 2048) =>
    generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });
  const ecPair = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve });
  const ecJwk = (namedCurve?: string) => ecPair(namedCurve).publicKey.export({ format: 'jwk' });
  const edJwk = (type: 'ed25519' | 'ed448') =>
    (type === 'ed448' ? generateKeyPairSync('ed448') : generateKeyPairSync('ed25519')).publicKey.export({
      format: 'jwk',
    });

  const serve = (...members: unknown[]) => {
    answer = (_request, response) => response.end(JSON.stringify({ keys: members }));
    keys = new RemoteKeySet(source(), () => clock);
  };
  const servedBy = async (jwk: JsonWebKey): Promise<TokenAlgorithm[]> => {
    serve({ ...jwk, kid: 'k' });
    const served: TokenAlgorithm[] = [];
    for (const alg of ALGORITHMS) {
      try {
        await find('k', alg);
        served.push(alg);
      } catch (error) {
        expect(error).toMatchObject(UNKNOWN);
      }
    }
    return served;
  };

  it('serves only the algorithms of its type and curve', async () => {
    expect(await servedBy(rsaJwk())).toEqual(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']);
    expect(await servedBy(ecJwk('P-256'))).toEqual(['ES256']);
    expect(await servedBy(ecJwk('P-384'))).toEqual(['ES384']);
    expect(await servedBy(ecJwk('P-521'))).toEqual(['ES512']);
    expect(await servedBy(edJwk('ed25519'))).toEqual(['EdDSA']);
  });

  it('serves only its own algorithm if it names one', async () => {
    expect(await servedBy({ ...rsaJwk(), alg: 'PS256' })).toEqual(['PS256']);
    expect(await servedBy({ ...rsaJwk(), alg: 'RSA-OAEP' })).toEqual([]);
    expect(await servedBy({ ...rsaJwk(), alg: 'ES256' })).toEqual([]);
    expect(await servedBy({ ...rsaJwk(), alg: 'HS256' })).toEqual([]);
  });

  it('serves no algorithm if its use or key_ops exclude verifying signatures', async () => {
    expect(await servedBy({ ...ecJwk(), use: 'enc' })).toEqual([]);
    expect(await servedBy({ ...ecJwk(), key_ops: ['deriveBits'] })).toEqual([]);
    expect(await servedBy({ ...ecJwk(), key_ops: 'verify' })).toEqual([]);
    expect(await servedBy({ ...ecJwk(), use: 'sig', key_ops: ['verify'] })).toEqual(['ES256']);
  });

  it('serves no algorithm if it is an RSA key shorter than 2048 bits', async () => {
    expect(await servedBy(rsaJwk(1024))).toEqual([]);
  });

  it('serves no algorithm if it is symmetric, private, on another curve or malformed', async () => {
    expect(await servedBy({ kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url') })).toEqual([]);
    expect(await servedBy(ecPair().privateKey.export({ format: 'jwk' }))).toEqual([]);
    expect(await servedBy(edJwk('ed448'))).toEqual([]);
    expect(await servedBy(ecJwk('secp256k1'))).toEqual([]);
    expect(await servedBy({ ...ecJwk(), x: 'AAAA' })).toEqual([]);
    expect(await servedBy({ kty: 'RSA', n: 'AQAB' })).toEqual([]);
  });

  it('never serves an HMAC algorithm', async () => {
    serve({ ...rsaJwk(), kid: 'k' }, { kty: 'oct', kid: 'k', k: 'AAAA' });
    await expect(find('k', 'HS256')).rejects.toMatchObject(UNKNOWN);
  });

  it('is found by its exact kid, and is the first of two with the same kid', async () => {
    const first = ecJwk();
    serve({ ...first, kid: 'a' }, { ...ecJwk(), kid: 'b' }, { ...ecJwk(), kid: 'a' });
    const jwkOf = async (kid: string) => exportJWK(await find(kid));
    expect(await jwkOf('a')).toMatchObject({ x: first.x });
    expect(await jwkOf('b')).not.toMatchObject({ x: first.x });
    for (const kid of ['A', '__proto__']) await expect(find(kid)).rejects.toMatchObject(UNKNOWN);
  });

  it('is found without a kid if it is the only key for the algorithm, and not if there are several', async () => {
    serve(ecJwk(), rsaJwk());
    expect(await find(undefined)).toBeDefined();
    serve(ecJwk(), { ...ecJwk(), use: 'enc' });
    expect(await find(undefined)).toBeDefined();
    serve(ecJwk(), ecJwk());
    await expect(find(undefined)).rejects.toMatchObject(UNKNOWN);
    serve();
    await expect(find(undefined)).rejects.toMatchObject(UNKNOWN);
  });

  it('is found without a kid of its own if it is the only one for the algorithm, also where the token names another', async () => {
    serve(ecJwk(), { ...rsaJwk(), kid: 'b' });
    expect(await find('made-up')).toBeDefined();
    await expect(find('made-up', 'RS256')).rejects.toMatchObject(UNKNOWN);
    serve(ecJwk(), { ...ecJwk(), kid: 'b' });
    await expect(find('made-up')).rejects.toMatchObject(UNKNOWN);
    serve(ecJwk(), ecJwk());
    await expect(find('made-up')).rejects.toMatchObject(UNKNOWN);
  });

  it('is found among keys that cannot be used', async () => {
    const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
    const postQuantum = { kty: 'AKP', alg: 'ML-DSA-65', pub: 'AAAA' };
    const unusable = [{ ...rsaJwk(), alg: 'RSA-OAEP', use: 'enc' }, x25519, edJwk('ed448'), postQuantum];
    serve(
      ...unusable.map((jwk) => ({ ...jwk, kid: 'a' })),
      { ...rsaJwk(), kid: 'a' },
      { ...edJwk('ed25519'), kid: 'a' },
    );
    for (const kid of ['a', undefined]) {
      for (const alg of ['RS256', 'PS512', 'EdDSA']) expect(await find(kid, alg)).toBeDefined();
    }
    await expect(find('a', 'ES256')).rejects.toMatchObject(UNKNOWN);
  });

  it('is found in a set behind a byte order mark', async () => {
    answer = (_request, response) =>
      response.end(`\ufeff${JSON.stringify({ keys: [{ ...ecJwk(), kid: 'a' }] })}`);
    expect(await find('a')).toBeDefined();
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ] as const)('is found in a set that is compressed by %s', async (encoding, compress) => {
    const body = compress(JSON.stringify({ keys: [{ ...ecJwk(), kid: 'a' }] }));
    answer = (_request, response) => response.setHeader('content-encoding', encoding).end(body);
    expect(await find('a')).toBeDefined();
  });

  it('is found among members that are not keys', async () => {
    serve(null, 7, 'key', [], {}, { ...ecJwk(), kid: 'a' });
    expect(await find('a')).toBeDefined();
  });
});
