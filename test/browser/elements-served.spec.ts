import { createHash } from 'node:crypto';
import { DemoServer } from './demo-server.js';

interface Current {
  readonly build: string;
  readonly base: string;
  readonly importmap: { readonly integrity: Readonly<Record<string, string>> };
}

describe('the elements’ scripts on the server', () => {
  let server: DemoServer;
  let current: Current;

  beforeAll(async () => {
    server = await DemoServer.start();
    current = (await (await fetch(`${server.url}/elements`)).json()) as Current;
  }, 120_000);
  afterAll(() => server?.kill());

  it('are at an address with version and hash, for any page and for a year', async () => {
    expect(current.base).toBe(`${server.url}/elements/${current.build}/`);
    expect(current.build).toMatch(/^\d+\.\d+\.\d+-[0-9a-f]{12}$/);
    const { status, headers } = await fetch(`${current.base}elements.js`, {
      headers: { origin: 'https://anybody.example' },
    });
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    });
  });

  it('have the hashes that the import map tells, compressed or not', async () => {
    const scripts = Object.entries(current.importmap.integrity);
    expect(scripts.length).toBeGreaterThan(13);
    for (const [url, integrity] of scripts) {
      for (const encoding of ['gzip', 'identity']) {
        const answer = await fetch(url, { headers: { 'accept-encoding': encoding } });
        const bytes = Buffer.from(await answer.arrayBuffer());
        const hash = createHash('sha384').update(bytes).digest('base64');
        expect([url, encoding, `sha384-${hash}`]).toEqual([url, encoding, integrity]);
        expect(answer.headers.get('content-encoding')).toBe(encoding === 'gzip' ? 'gzip' : null);
      }
    }
  });

  it.each([
    ['another build', '/elements/1.0.0-000000000000/elements.js'],
    ['no such script', (build: string) => `/elements/${build}/nothing.js`],
    ['a file beside them', (build: string) => `/elements/${build}/..%2Ffiles.json`],
    ['the list of files', (build: string) => `/elements/${build}/files.json`],
  ])('are no others, and that is not cached: %s', async (_what, path) => {
    const at = typeof path === 'string' ? path : path(current.build);
    const answer = await fetch(server.url + at);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([404, 'no-store']);
  });
});
