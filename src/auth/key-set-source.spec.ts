import { generateKeyPairSync } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { type FakeServer, fakeServer } from '../../test/support/fake-server.js';
import { type KeySetReason, keySetSource } from './key-set-source.js';

const KEYS = [{ ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'a' }];

let server: FakeServer;
let document: Record<string, unknown>;
let answers: Record<string, RequestListener>;

const json =
  (value: unknown): RequestListener =>
  (_request, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(value));

beforeEach(async () => {
  server = await fakeServer((request, response) => {
    const answer = answers[request.url!];
    if (answer) answer(request, response);
    else response.writeHead(404).end();
  });
  document = { issuer: server.url, jwks_uri: `${server.url}/keys` };
  answers = {
    '/.well-known/openid-configuration': (request, response) => json(document)(request, response),
    '/keys': json({ keys: KEYS }),
  };
});
afterEach(() => server?.close());

const discover = (name = server.url) => keySetSource({ name, keys: { kind: 'discovery' } })();
const fails = (promise: Promise<unknown>, reason: KeySetReason) =>
  expect(promise).rejects.toMatchObject({ reason });

describe('OpenID discovery', () => {
  it('finds the keys that the issuer’s document names', async () => {
    expect(await discover()).toEqual(KEYS);
    expect(server.requests).toEqual(['GET /.well-known/openid-configuration', 'GET /keys']);
  });

  it.each(['/realms/shop', '/realms/shop/', '/'])('asks below the path of the issuer, %s', async (path) => {
    document.issuer = server.url + path;
    const address = `${path.replace(/\/$/, '')}/.well-known/openid-configuration`;
    answers[address] = answers['/.well-known/openid-configuration']!;
    expect(await discover(server.url + path)).toEqual(KEYS);
    expect(server.requests[0]).toBe(`GET ${address}`);
  });

  it.each(['', '/', 'x'])('refuses a document that names another issuer, if only by %j', async (end) => {
    document.issuer = end === '' ? undefined : server.url + end;
    await fails(discover(), 'discovery_wrong_issuer');
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    undefined,
    7,
    'keys',
    '/keys',
    'http://198.51.100.7/keys',
    'http://keys.example/keys',
    'https://u:p@keys.example/keys',
    'https://u@keys.example/keys',
    'https://keys.example:8443/keys',
    'ftp://keys.example/keys',
    'file:///etc/passwd',
    'data:application/json,{"keys":[]}',
  ])('refuses a jwks_uri of %j', async (uri) => {
    document.jwks_uri = uri;
    await fails(discover(), 'discovery_wrong_keys_address');
    expect(server.requests).toHaveLength(1);
  });

  it('refuses a jwks_uri on another port of its host, or with a user name', async () => {
    const other = await fakeServer(json({ keys: KEYS }));
    try {
      for (const uri of [`${other.url}/keys`, server.url.replace('//', '//u:p@')]) {
        document.jwks_uri = uri;
        await fails(discover(), 'discovery_wrong_keys_address');
      }
      expect(other.requests).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it.each([
    '127.0.0.1',
    'localhost',
    '10.0.0.1',
    '192.168.0.1',
    '172.16.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '[::ffff:8.8.8.8]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
  ])('connects to no address of another host that is not public, such as %s', async (host) => {
    document.jwks_uri = `https://${host}/keys`;
    await fails(discover(), 'keys_address_refused');
  });

  it.each([301, 302, 307, 308])(
    'follows no redirect (%i), neither of the document nor of the keys',
    async (status) => {
      const elsewhere: RequestListener = (_request, response) =>
        response.writeHead(status, { location: '/elsewhere' }).end();
      answers['/elsewhere'] = json({ keys: KEYS });
      answers['/keys'] = elsewhere;
      await fails(discover(), 'keys_unreachable');
      answers['/.well-known/openid-configuration'] = elsewhere;
      await fails(discover(), 'discovery_unreachable');
      expect(server.requests).not.toContain('GET /elsewhere');
    },
  );

  it('tells what is wrong with the document apart from what is wrong with the keys', async () => {
    const refused: RequestListener = (_request, response) => response.writeHead(404).end();
    const large: RequestListener = json({ padding: 'x'.repeat(256 * 1024) });
    const cut: RequestListener = (request) => request.socket.destroy();
    for (const [answer, problem] of [
      [refused, 'refused'],
      [large, 'too_large'],
      [cut, 'unreachable'],
      [json([]), 'malformed'],
      [json('text'), 'malformed'],
    ] as const) {
      answers['/keys'] = answer;
      await fails(discover(), `keys_${problem}`);
    }
    const good = answers['/.well-known/openid-configuration']!;
    for (const [answer, problem] of [
      [refused, 'refused'],
      [large, 'too_large'],
      [cut, 'unreachable'],
      [json([]), 'malformed'],
    ] as const) {
      answers['/.well-known/openid-configuration'] = answer;
      await fails(discover(), `discovery_${problem}`);
    }
    answers = { '/.well-known/openid-configuration': good, '/keys': json({ keys: KEYS }) };
    expect(await discover()).toEqual(KEYS);
  });

  it('reads document and keys anew each time, so that keys are never of an older document', async () => {
    await discover();
    document.jwks_uri = `${server.url}/moved`;
    answers['/moved'] = json({ keys: [] });
    expect(await discover()).toEqual([]);
  });
});

describe('an insecure JWK Set', () => {
  const insecure = (host: string) =>
    keySetSource({
      name: 'issuer',
      keys: { kind: 'jwks', uri: `http://${host}:${server.port}/keys`, isInsecure: true },
    })();

  it('is fetched over http where the addresses of its host are private', async () => {
    expect(await insecure('127.0.0.1')).toEqual(KEYS);
    expect(await insecure('localhost')).toEqual(KEYS);
  });

  it.each(['8.8.8.8', '169.254.169.254', '100.64.0.1', '[::ffff:127.0.0.1]', '0.0.0.0'])(
    'is not asked for at %s',
    async (host) => {
      await fails(insecure(host), 'keys_address_refused');
      expect(server.requests).toEqual([]);
    },
  );
});
