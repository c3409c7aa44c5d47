import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { anApiKey } from '../support/app-server.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { registerPasskey } from '../support/flows.js';
import { type HttpAnswer, newAddress, send } from '../support/http-answer.js';
import { type KnownRoute, routesOf } from '../support/routes.js';
import { contents, sql, statementsOf, UNKNOWN_ID } from '../support/tables.js';
import { TestUser } from '../support/test-user.js';

type Method = NonNullable<InjectOptions['method']>;

const JSON_TYPE = 'application/json';
const deep = (open: string, close: string, levels: number) => open.repeat(levels) + close.repeat(levels);
const isFinish = (url: string) => url.endsWith('/finish');
/** A body with the members that each route looks at, all of the same value. */
const everyMember = (value: string) =>
  `{${[
    'id',
    'nonce',
    'friendlyName',
    'friendly_name',
    'status',
    'transaction_id',
    'handshake_id',
    'handshake_response',
    'authenticator_attachment',
    'external_id',
    'passkey_display_name',
    'compromised',
    'event_id',
  ]
    .map((name) => `"${name}":${value}`)
    .join()}}`;

describe('hostile input', () => {
  let app: TestApp;
  /** Of the user, and of the app's server: what is refused is refused for what it is, not for want of a key. */
  let token: string;
  let key: string;
  let routes: KnownRoute[];
  /** The routes that read a body. */
  let writes: { method: Method; url: string }[];
  /** What there is for each parameter of a route. */
  let known: Readonly<Record<string, string>>;
  let before: Record<string, string>;

  beforeAll(async () => {
    app = await buildApp();
    const user = new TestUser(app);
    const { device } = await registerPasskey(user);
    const [owner] = await sql<{ id: string; externalId: string }>(
      app,
      'select id, external_id as "externalId" from flex_users',
    );
    known = {
      ':app': TEST.appId,
      ':user_id': owner!.id,
      ':external_id': owner!.externalId,
      ':device_id': device.id,
      ':id': device.id,
      ':name': 'passkey',
      ':file': 'light.svg',
    };
    token = await user.token();
    // A key's use is written down once a minute: this one's never is.
    key = await anApiKey(app, TEST.appId, { last_used_at: `now() + interval '1 day'` });
    routes = routesOf(app);
    writes = routes.flatMap(({ url, methods }) =>
      methods
        .filter((method) => method === 'POST' || method === 'PATCH')
        .map((method) => ({ method: method, url: fill(url) })),
    );
    before = await contents(app);
  });
  afterEach(async () => {
    expect(await contents(app)).toEqual(before);
  });
  afterAll(() => app?.close());

  const ask = (request: InjectOptions & { url: string }) => {
    const authorization = `Bearer ${request.url.startsWith('/v1') ? key : token}`;
    return send(app, {
      remoteAddress: newAddress(),
      ...request,
      headers: { authorization, ...request.headers },
    });
  };
  const put = (route: { method: Method; url: string }, payload: string | Buffer, type = JSON_TYPE) =>
    ask({ ...route, payload, headers: { 'content-type': type } });

  it('is sent to every route that reads a body', () => {
    expect(writes.map(({ method, url }) => `${method} ${url}`)).toEqual(
      expect.arrayContaining([
        `PATCH /user/devices/${UNKNOWN_ID}`,
        'POST /user/revokePasskey',
        'POST /user/authenticate-with-passkey',
        'POST /passkey/register',
        'POST /passkey/verify',
        'POST /v1/apps/shop/register/transactions/webauthn/start',
        'POST /v1/apps/shop/register/transactions/webauthn/finish',
        'POST /v1/apps/shop/authenticate/transactions/webauthn/start',
        'POST /v1/apps/shop/authenticate/transactions/webauthn/finish',
      ]),
    );
  });

  it('gets past no guard without a token or a key, but on the routes that are open to all', async () => {
    const open: string[] = [];
    for (const { url, methods } of routes) {
      for (const method of methods) {
        const payload = method === 'POST' ? {} : undefined;
        const answer = await send(app, {
          method,
          url: fill(url),
          remoteAddress: newAddress(),
          ...(payload && { payload }),
        });
        if (answer.status !== 401) open.push(`${method} ${url}`);
      }
    }
    const read = (...urls: string[]) => urls.flatMap((url) => [`GET ${url}`, `HEAD ${url}`]);
    const ceremony = (name: string) =>
      ['start', 'finish'].map((step) => `POST /v1/apps/:app/${name}/transactions/webauthn/${step}`);
    expect(open.sort()).toEqual(
      [
        ...read('/health/live', '/health/ready', '/icons/:name/:file', '/v1/apps/:app'),
        ...read('/elements', '/elements/:build/:name', '/elements/:build/lang/:name'),
        ...read('/.well-known/passkey-endpoints', '/.well-known/webauthn'),
        ...read('/.well-known/apple-app-site-association', '/.well-known/assetlinks.json'),
        ...ceremony('register'),
        ...ceremony('authenticate'),
      ].sort(),
    );
  });

  it.each<[string, string | Buffer]>([
    ['not JSON', '{"id":'],
    ['a text', '"text"'],
    ['a number', '1e999'],
    ['a list', '[]'],
    ['a list of bodies', '[{"nonce":"a"}]'],
    ['numbers for texts', everyMember('7')],
    ['lists for texts', everyMember('["a"]')],
    ['objects for texts', everyMember('{"toString":"a"}')],
    ['true for texts', everyMember('true')],
    ['lists in lists, 2 000 deep', deep('[', ']', 2_000)],
    ['objects in objects, 600 deep', `${'{"a":'.repeat(600)}1${'}'.repeat(600)}`],
    ['lists 100 deep in each member', everyMember(deep('[', ']', 100))],
    ['__proto__', '{"__proto__":{"nonce":"a"}}'],
    ['a constructor', '{"constructor":{"prototype":{"nonce":"a"}}}'],
    ['a constructor that makes nothing', everyMember('{"constructor":[]}')],
    ['an escaped prototype', '{"\\u005f_proto__":{"id":"a"}}'],
    ['U+0000', everyMember('"a\\u0000b"')],
    ['U+0000 in a name', '{"a\\u0000":1}'],
    ['a lone high surrogate', everyMember('"\\ud800"')],
    ['a lone low surrogate', everyMember('"\\udc00a"')],
    ['broken UTF-8', Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])],
    [
      'an overlong UTF-8 slash',
      Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    ],
    ['UTF-16', Buffer.from('{"id":"a"}', 'utf16le')],
    ['two documents', '{}{}'],
    ['a comment', '/* */{"id":"a"}'],
  ])('is refused as malformed: %s', async (_, payload) => {
    for (const route of writes) {
      // `true` is what one of its members may be.
      const statuses = route.url.endsWith('/rotate') ? [400, 404] : [400];
      expectRefusal(await put(route, payload), route.url, statuses);
    }
  });

  it('is refused when it is empty and a body is required', async () => {
    for (const payload of ['', 'null', '{}']) {
      for (const route of writes.filter(({ url }) => !takesNothing(url))) {
        expectRefusal(await put(route, payload), route.url, [400]);
      }
    }
    for (const route of writes.filter(({ url }) =>
      url.endsWith('authenticate/transactions/webauthn/start'),
    )) {
      expectRefusal(await put(route, 'null'), route.url, [400]);
    }
  });

  it.each([
    ['lists in lists, 10 000 deep', deep('[', ']', 10_000)],
    ['objects in objects, 8 000 deep', `${'{"a":'.repeat(8_000)}1${'}'.repeat(8_000)}`],
    ['lists 1 500 deep in each member', everyMember(deep('[', ']', 1_500))],
  ])(
    'is refused as malformed where so much may be sent, and elsewhere as too large: %s',
    async (_, payload) => {
      for (const route of writes) {
        expectRefusal(await put(route, payload), route.url, [isFinish(route.url) ? 400 : 413]);
      }
    },
  );

  it('is refused with 413 when it is larger than 4 KiB, or 64 KiB for a finish, before the caller is checked and the database is asked', async () => {
    const authorization = 'Bearer wrong';
    const statements = await statementsOf(app, async () => {
      for (const route of writes) {
        const most = isFinish(route.url) ? 65_536 : 4_096;
        expectRefusal(await put(route, Buffer.alloc(most + 1, ' ')), route.url, [413]);
        const headers = { authorization, 'content-type': JSON_TYPE };
        const payload = Buffer.alloc(70_000, 0xff);
        expectRefusal(await ask({ ...route, payload, headers }), route.url, [413]);
      }
    });
    expect(statements).toBe(0);
  });

  it('is read when it has 4 KiB, or 64 KiB for a finish, and refused with 413 when a larger one does not say so', async () => {
    for (const route of writes) {
      const most = isFinish(route.url) ? 65_536 : 4_096;
      expectRefusal(await put(route, Buffer.alloc(most, '[')), route.url, [400]);
      const chunked = { 'content-type': JSON_TYPE, 'transfer-encoding': 'chunked' };
      const payload = Readable.from([Buffer.alloc(most, ' '), Buffer.from(' ')]);
      expectRefusal(await ask({ ...route, payload, headers: chunked }), route.url, [413]);
    }
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'nonsense',
  ])('is refused with the content type %s', async (type) => {
    // simple-requests.spec.ts has text on the ceremonies' routes, which read it.
    const refusing = writes.filter(({ url }) => type !== 'text/plain' || !url.includes('/webauthn/'));
    for (const route of refusing)
      expectRefusal(await put(route, '{"nonce":"a"}', type), route.url, [400, 415]);
  });

  it.each(['gzip', 'GZIP', 'deflate', 'br', 'x-gzip', 'aws-chunked', 'identity, gzip', 'gzip, identity'])(
    'is refused with the content encoding %s, and told that none would do',
    async (encoding) => {
      for (const { method, url } of writes) {
        for (const payload of [gzipSync('{"nonce":"a"}'), '{"nonce":"a"}']) {
          const headers = { 'content-type': JSON_TYPE, 'content-encoding': encoding };
          const answer = await ask({ method, url, payload, headers });
          expectRefusal(answer, url, [415]);
          expect(answer.headers['accept-encoding']).toBe('identity');
        }
      }
    },
  );

  it.each(['identity', 'Identity', ''])(
    'is read with the content encoding %j, which changes nothing',
    async (encoding) => {
      for (const { method, url } of writes) {
        const headers = { 'content-type': JSON_TYPE, 'content-encoding': encoding };
        expectRefusal(await ask({ method, url, payload: '[]', headers }), url, [400]);
      }
    },
  );

  it('is refused with 405 for other methods, and the response names the allowed ones', async () => {
    for (const { url, methods } of routes) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
        if (methods.includes(method)) continue;
        const answer = await ask({ method, url: fill(url) });
        expectRefusal(answer, url, [405]);
        expect(String(answer.headers.allow).split(', ').sort()).toEqual([...methods].sort());
      }
    }
  });

  it.each([
    '/',
    '/index.html',
    '/demo.js',
    '/demo/sign-in/passkey',
    '/nowhere',
    '/USER/devices',
    '/user/',
    '/user/devices/',
    `/user/devices/${UNKNOWN_ID}/`,
    '//user/devices',
    '/user//devices',
    '/user%2Fdevices',
    '/.env',
    '/health',
    '/demo/app',
    '/demo/sign-in',
    '/v1',
    '/v1?x=1',
    '/v1/',
    '/v1/apps',
    '/v1/apps/',
    '/v1/apps/shop/',
    '/v1/apps//register/transactions/webauthn/start',
    '/v1/apps/shop/nowhere',
    '/v2/apps/shop',
  ])('is refused with 404 at %s', async (url) => {
    for (const method of ['GET', 'POST', 'DELETE'] as const)
      expectRefusal(await ask({ method, url }), url, [404]);
  });

  it.each([
    ['%zz', '%zz'],
    ['%', '%'],
    ['%c3%28', '%c3%28'],
    ['%ff', '%ff'],
    ['%00', '%00'],
    ['%2F', '%2F'],
    ['..%2f..%2fetc%2fpasswd', '..%2f..%2fetc%2fpasswd'],
    ['3000 letters', 'a'.repeat(3_000)],
    ['%F0%9F%94%91', '%F0%9F%94%91'],
    ['*', '*'],
    [':id', ':id'],
    ['$1', '$1'],
  ])('is refused when a parameter of the path is %s', async (_, name) => {
    const body = {
      status: 'inactive',
      friendly_name: 'x',
      nonce: 'x',
      transaction_id: 'x',
      external_id: 'x',
    };
    for (const { url, methods } of routes) {
      for (const parameter of url.match(/:[^/]+/g) ?? []) {
        const filled = url.replace(/:[^/]+/g, (each) => (each === parameter ? name : known[each]!));
        const payload = url.startsWith('/v1') ? body : { friendlyName: 'x' };
        for (const method of methods.filter((it) => it !== 'HEAD')) {
          const answer = await put({ method, url: filled }, JSON.stringify(payload));
          expectRefusal(answer, filled, statusesWithout(parameter, name, url));
        }
      }
    }
  });

  it('is answered with headers that let no page embed, guess or keep the answer, whatever became of it', async () => {
    for (const url of ['/health/live', '/user/devices', '/v1/apps/shop', '/v1/apps/shop/users', '/nowhere']) {
      for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS'] as const) {
        const { headers } = await send(app, { method, url, remoteAddress: newAddress() });
        expect(headers).toMatchObject({
          'cache-control': 'no-store',
          'content-security-policy': "default-src 'none';frame-ancestors 'none'",
          'cross-origin-resource-policy': 'cross-origin',
          'referrer-policy': 'no-referrer',
          'strict-transport-security': 'max-age=31536000',
          'x-content-type-options': 'nosniff',
          'x-request-id': expect.stringMatching(/^[\w-]{8,64}$/) as string,
        });
      }
    }
  });

  it.each(['\r\n', '\n', '\r', '\u010d\u010a'])(
    'cannot add a header to the response, in a header, a path or a query: line break %j',
    async (lineBreak) => {
      const evil = `aaaaaaaa${lineBreak}x-evil: 1`;
      const names = ['x-request-id', 'origin', 'user-agent', 'x-forwarded-for', 'x-forwarded-host'];
      // Without a valid token, so that no request changes a row.
      const headers = {
        ...Object.fromEntries(names.map((name) => [name, evil])),
        authorization: 'Bearer wrong',
      };
      const encoded = encodeURIComponent(evil);
      for (const { url, methods } of [...routes, { url: '/:nowhere', methods: ['GET'] }]) {
        const path = `${url.replace(/:[^/]+/g, encoded)}?x=${encoded}`;
        // The last one is answered with the methods that the route allows.
        for (const method of [...methods, 'PUT'] as Method[]) {
          const answer = await ask({ method, url: path, headers });
          expect(answer.status).toBeLessThan(500);
          expect(answer.headers).not.toHaveProperty('x-evil');
          expect(Object.values(answer.headers).join()).not.toMatch(/[\r\n]|evil/);
        }
      }
    },
  );

  it('of any kind causes no unexpected error, and changes no row', async () => {
    const member = fc.constantFrom(
      ...[
        'id',
        'nonce',
        'friendlyName',
        'transaction_id',
        'handshake_id',
        'handshake_response',
        '__proto__',
        'constructor',
      ],
      ...[
        'authenticator_attachment',
        'external_id',
        'passkey_display_name',
        'type',
        'rawId',
        'response',
        'clientDataJSON',
      ],
    );
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.base64String({ maxLength: 80 }));
    const value = fc.oneof(
      text,
      fc.jsonValue(),
      fc.dictionary(member, fc.oneof(text, fc.dictionary(member, text), fc.jsonValue())),
    );
    const body = fc.oneof(
      { weight: 6, arbitrary: fc.dictionary(member, value, { minKeys: 1 }).map((it) => JSON.stringify(it)) },
      { weight: 1, arbitrary: fc.jsonValue().map((it) => JSON.stringify(it)) },
      { weight: 1, arbitrary: fc.string({ maxLength: 60 }) },
      { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 60 }).map((it) => Buffer.from(it)) },
    );
    const name = fc.oneof(
      fc.constant(UNKNOWN_ID),
      fc.constant('shop'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map(encodeURIComponent),
    );
    const type = fc.oneof(
      { weight: 8, arbitrary: fc.constant(JSON_TYPE) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('text/plain', 'application/json; charset=utf-16', 'application/json;x'),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), name, body, type, async (pick, filling, payload, contentType) => {
        const all = routes.flatMap(({ url, methods }) => methods.map((method) => ({ method, url })));
        const { method, url } = all[pick % all.length]!;
        // Nothing, and an object with nothing in it, is what these routes are made for.
        if (takesNothing(url) && /^(\s*|null|\{\s*\})$/.test(payload.toString())) return;
        const request = { method: method, url: url.replace(/:[^/]+/g, filling) };
        const answer = await put(request, payload, contentType);
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400 && method !== 'HEAD') expectShape(answer, request.url);
      }),
      { numRuns: 250 },
    );
  });
});

/** Whether the route is meant to be called without a body. */
const takesNothing = (url: string) =>
  url === '/user' ||
  url === '/passkey/register' ||
  url === '/user/authenticate-with-passkey' ||
  url.includes('/webhooks/') ||
  url.endsWith('authenticate/transactions/webauthn/start');

/** How a request is refused whose parameter is `name` where all else of it is there. */
function statusesWithout(parameter: string, name: string, url: string): readonly number[] {
  if (!isText(name)) return [400];
  // The body is judged before the user is looked up.
  if (/\/identity$|\/webhooks\//.test(url) && parameter !== ':app') return [400, 404];
  if (parameter !== ':app' || name.length > 100) return [404];
  // With a key, which may stand beside what is public, an unknown app is 401.
  if (url === '/v1/apps/:app') return [400, 401];
  return url.includes('/webauthn/') ? [400, 404] : [401];
}

/** Whether it is percent-encoded UTF-8. */
function isText(name: string): boolean {
  try {
    return decodeURIComponent(name) !== '';
  } catch {
    return false;
  }
}

const fill = (url: string) => url.replace(':app', 'shop').replace(/:[^/]+/g, UNKNOWN_ID);

function expectRefusal(answer: HttpAnswer, url: string, statuses: readonly number[]): void {
  expectShape(answer, url);
  expect(statuses.map((status) => `${status} ${url}`)).toContain(`${answer.status} ${url}`);
}

/** Each edge has one shape for whatever goes wrong. */
function expectShape(answer: HttpAnswer, url: string): void {
  if (/^\/v1(?:[/?]|$)/.test(url)) {
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.body).toStrictEqual({
      code: expect.any(String) as string,
      error: expect.any(String) as string,
    });
    return;
  }
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(answer.body).toMatchObject({
    type: 'about:blank',
    status: answer.status,
    title: expect.any(String) as string,
    code: expect.any(String) as string,
    requestId: expect.stringMatching(/^[\w-]{8,64}$/) as string,
  });
}
