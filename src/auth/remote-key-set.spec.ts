import { generateKeyPairSync } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type FakeServer, fakeServer } from '../../test/support/fake-server.js';
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
const UNAVAILABLE = { code: 'token_keys_unavailable', retryAfter: 5 };
const SECOND = 1000;

let server: FakeServer;
let answer: RequestListener;
let clock: number;
let keys: RemoteKeySet;

beforeEach(async () => {
  clock = 0;
  server = await fakeServer((request, response) => answer(request, response));
  keys = new RemoteKeySet(`${server.url}/jwks`, ['ES256'], () => clock);
});

afterEach(() => server?.close());

/** Lets a fetch that nobody waits for come to its end. */
const settled = () => sleep(100);

it('fetches the keys once for simultaneous requests, and then answers from memory', async () => {
  answer = setOf('a');
  expect(keys.known('ES256', 'a')).toBeUndefined();
  const found = await Promise.all(Array.from({ length: 50 }, () => keys.find('ES256', 'a')));
  expect(new Set(found).size).toBe(1);
  expect(keys.known('ES256', 'a')).toBe(found[0]);
  expect(server.requests).toEqual(['GET /jwks']);
});

it('fetches the keys again when a token names a rotated key', async () => {
  answer = setOf('a');
  await keys.find('ES256', 'a');
  answer = setOf('a', 'b');
  clock = SECOND;
  expect(await keys.find('ES256', 'b')).toBeDefined();
});

it('fetches the keys for unknown key ids at most every 30 seconds', async () => {
  answer = setOf('a');
  await keys.find('ES256', 'a');
  for (clock = SECOND; clock < 31 * SECOND; clock += SECOND) {
    await Promise.all(
      Array.from({ length: 5 }, async (_, i) =>
        expect(await keys.find('ES256', `made-up-${clock}-${i}`)).toBeUndefined(),
      ),
    );
  }
  expect(server.requests).toHaveLength(2);
  clock = 31 * SECOND;
  answer = setOf('b');
  expect(await keys.find('ES256', 'b')).toBeDefined();
  expect(server.requests).toHaveLength(3);
});

it('does not fetch the keys twice when the first token names an unknown key', async () => {
  answer = setOf('a');
  expect(await keys.find('ES256', 'b')).toBeUndefined();
  expect(server.requests).toHaveLength(1);
});

it('renews the keys in the background after 5 minutes, and drops the removed ones', async () => {
  answer = setOf('a');
  await keys.find('ES256', 'a');
  answer = setOf('b');
  clock = 300 * SECOND;
  expect(keys.known('ES256', 'a')).toBeDefined();
  await settled();
  expect(keys.known('ES256', 'a')).toBeUndefined();
  expect(keys.known('ES256', 'b')).toBeDefined();
});

it('keeps serving keys for at most 10 minutes while the key server is down', async () => {
  answer = setOf('a');
  await keys.find('ES256', 'a');
  answer = down;
  clock = 599 * SECOND;
  expect(keys.known('ES256', 'a')).toBeDefined();
  await settled();
  expect(keys.known('ES256', 'a')).toBeDefined();
  clock = 600 * SECOND;
  expect(keys.known('ES256', 'a')).toBeUndefined();
  await expect(keys.find('ES256', 'a')).rejects.toMatchObject(UNAVAILABLE);
});

it('reports the keys as unavailable, not a key as unknown, while the key server is down', async () => {
  answer = setOf('a');
  await keys.find('ES256', 'a');
  answer = down;
  await expect(keys.find('ES256', 'b')).rejects.toMatchObject(UNAVAILABLE);
  await expect(keys.find('ES256', 'c')).rejects.toMatchObject(UNAVAILABLE);
  expect(await keys.find('ES256', 'a')).toBeDefined();
});

it('retries an unavailable key server every 5 seconds, and recovers', async () => {
  answer = down;
  for (let i = 0; i < 3; i += 1) await expect(keys.find('ES256', 'a')).rejects.toMatchObject(UNAVAILABLE);
  expect(server.requests).toHaveLength(1);
  answer = setOf('a');
  clock = 4 * SECOND;
  await expect(keys.find('ES256', 'a')).rejects.toMatchObject(UNAVAILABLE);
  clock = 5 * SECOND;
  expect(await keys.find('ES256', 'a')).toBeDefined();
});

describe('a response that is not a JWK Set', () => {
  const refused = async (listener: RequestListener, reason: string) => {
    answer = listener;
    await expect(keys.find('ES256', 'a')).rejects.toMatchObject({ ...UNAVAILABLE, cause: { reason } });
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

  it('is refused if it is not JSON', () =>
    refused((_request, response) => response.end('<html>'), 'keys_malformed'));

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
