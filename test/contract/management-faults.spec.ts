import { connect } from 'node:net';
import type { InjectOptions } from 'fastify';
import { AppServer } from '../support/app-server.js';
import { buildApp, buildAppOn, type TestApp } from '../support/build-app.js';
import { flexError } from '../support/flex-error.js';
import { type HttpAnswer, newAddress } from '../support/http-answer.js';
import { type KnownRoute, routesOf } from '../support/routes.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { contents, sql, UNKNOWN_ID } from '../support/tables.js';
import { TcpProxy } from '../support/tcp-proxy.js';

type Method = NonNullable<InjectOptions['method']>;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const RATE_LIMIT = 300;

/** A body that every route takes. */
const EVERYTHING = {
  external_id: 'ada',
  passkey_display_name: 'Ada',
  nonce: 'x',
  status: 'active',
  subject: 'x',
  friendly_name: 'x',
  transaction_id: 'x',
  handshake_id: 'x',
  handshake_response: {},
};

describe('failures on /v1', () => {
  let app: TestApp;
  let server: AppServer;
  let routes: KnownRoute[];
  beforeAll(async () => {
    app = await buildApp();
    server = await AppServer.create(app);
    await server.tenant.register('ada');
    routes = routesOf(app).filter(({ url }) => url.startsWith('/v1'));
  });
  afterAll(() => app?.close());

  const fill = (url: string) =>
    url
      .replace(':app', server.tenant.id)
      .replace(':external_id', 'ada')
      .replace(/:[^/]+/g, UNKNOWN_ID);
  const ask = (request: InjectOptions) => server.ask({ remoteAddress: newAddress(), ...request });
  const writes = () =>
    routes.flatMap(({ url, methods }) =>
      methods
        .filter((it) => it === 'POST' || it === 'PATCH' || it === 'PUT')
        .map((method) => ({ method, url: fill(url) })),
    ) as { method: Method; url: string }[];
  /** Whether nothing is a body that the route accepts, or any is, as it asks for none. */
  const takesNothing = (url: string) =>
    url.endsWith('authenticate/transactions/webauthn/start') || /\/(rotate|replay)$/.test(url);
  const ignoresBody = (url: string) => /\/(test|disable|enable)$/.test(url);

  it('can occur on exactly the routes of the protocol and our own', () => {
    const known = routes.flatMap(({ url, methods }) =>
      methods.map((method) => `${method} ${url.slice('/v1/apps'.length)}`),
    );
    const device = '/:app/users/:user_id/devices';
    const external = '/:app/external-users/:external_id';
    const ours = ['/:app/events', '/:app/stats'];
    const reads = [
      ...ours,
      '/:app',
      '/:app/users',
      '/:app/users/:user_id',
      device,
      external,
      `${external}/devices`,
    ];
    expect(known.sort()).toEqual(
      [
        ...reads.flatMap((url) => [`GET ${url}`, `HEAD ${url}`]),
        'POST /:app/register/transactions/webauthn/start',
        'POST /:app/register/transactions/webauthn/finish',
        'POST /:app/authenticate/transactions/webauthn/start',
        'POST /:app/authenticate/transactions/webauthn/finish',
        'POST /:app/transactions/register',
        'POST /:app/transactions/authenticate',
        'POST /:app/authenticate/verify',
        'GET /:app/webhooks',
        'HEAD /:app/webhooks',
        'POST /:app/webhooks',
        'GET /:app/webhooks/:webhook/dead',
        'HEAD /:app/webhooks/:webhook/dead',
        ...['test', 'rotate', 'disable', 'enable', 'replay'].map(
          (act) => `POST /:app/webhooks/:webhook/${act}`,
        ),
        `PUT ${external}/identity`,
        `DELETE ${external}/identity`,
        ...['PATCH', 'DELETE'].flatMap((method) => [
          `${method} /:app/users/:user_id`,
          `${method} ${external}`,
          `${method} ${device}/:device_id`,
          `${method} ${external}/devices/:device_id`,
        ]),
      ].sort(),
    );
  });

  describe('404', () => {
    it.each([
      '/v1',
      '/v1/',
      '/v1?x=1',
      '/v1/apps',
      '/v1/apps/',
      '/v1/apps//',
      '/v1/apps//users',
      '/v1/apps//users/x/devices',
      '/v1/apps/{app}/',
      '/v1/apps/{app}/users/',
      '/v1/apps/{app}/users//devices',
      '/v1/apps/{app}/users//devices/x',
      '/v1/apps/{app}/users/x/',
      '/v1/apps/{app}/users/x/devices/',
      '/v1/apps/{app}//users',
      '/v1//apps/{app}/users',
      '/v1/apps/{app}/external-users',
      '/v1/apps/{app}/external-users/',
      '/v1/apps/{app}/external-users//devices',
      '/v1/apps/{app}/external-users//devices/x',
      '/v1/apps/{app}/external-users/a/b',
      '/v1/apps/{app}/external-users/ada/devices/',
      '/v1/apps/{app}/Users',
      '/V1/apps/{app}/users',
      '/v1/apps/{app}/transactions',
      '/v1/apps/{app}/transactions/other',
      '/v1/apps/{app}/authenticate',
      '/v1/apps/{app}/users/x/unknown',
    ])('is the response to every method at %s', async (path) => {
      const before = await contents(app);
      const url = path.replace('{app}', server.tenant.id);
      for (const method of METHODS) {
        const answer = await ask({
          method,
          url,
          payload: method === 'GET' ? undefined : '{}',
          headers: { 'content-type': 'application/json' },
        });
        expect(answer.status).toBe(404);
        if (method !== 'HEAD' && url.startsWith('/v1')) expect(flexError(answer)).toBe('404 invalid_request');
      }
      expect(await contents(app)).toEqual(before);
    });

    it('is the response to dot segments that only a raw socket can send', async () => {
      await app.application.listen(0, '127.0.0.1');
      const { port } = app.application.getHttpServer().address() as { port: number };
      const raw = (path: string) =>
        new Promise<string>((resolve, reject) => {
          const socket = connect(port, '127.0.0.1').on('error', reject);
          let text = '';
          socket.on('data', (chunk) => (text += chunk.toString())).on('close', () => resolve(text));
          const head = ['host: x', 'connection: close', `authorization: Bearer ${server.key}`].join('\r\n');
          socket.write(`GET ${path} HTTP/1.1\r\n${head}\r\n\r\n`);
        });
      const base = `/v1/apps/${server.tenant.id}`;
      for (const name of ['.', '..', '%2e', '%2E%2e', '%2e.']) {
        for (const path of [
          `${base}/external-users/${name}`,
          `${base}/external-users/${name}/devices`,
          `${base}/users/${name}`,
        ]) {
          expect(await raw(path)).toMatch(
            /^HTTP\/1.1 404 [^]*\r\n\r\n\{"code":"user_not_found","error":"[^"]+"\}$/,
          );
        }
      }
      expect(await raw(`${base}/external-users/${'%zz'}`)).toMatch(
        /^HTTP\/1.1 400 [^]*\{"code":"invalid_request"/,
      );
      expect(await raw(`${base}/external-users/ada`)).toMatch(/^HTTP\/1.1 200 /);
    });
  });

  it('405 names the methods that the route supports', async () => {
    for (const { url, methods } of routes) {
      for (const method of METHODS) {
        if (methods.includes(method)) continue;
        const answer = await ask({ method, url: fill(url) });
        expect(answer.status).toBe(405);
        if (method !== 'HEAD') expect(flexError(answer)).toBe('405 invalid_request');
        expect(String(answer.headers.allow).split(', ').sort()).toEqual([...methods].sort());
      }
    }
  });

  it('OPTIONS grants no CORS access to a foreign origin on any route', async () => {
    for (const { url } of routes) {
      const plain = await ask({ method: 'OPTIONS', url: fill(url) });
      if (plain.status >= 300) flexError(plain);
      const preflight = await ask({
        method: 'OPTIONS',
        url: fill(url),
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'DELETE' },
      });
      expect(preflight.headers).not.toHaveProperty('access-control-allow-origin');
      if (preflight.status >= 300) flexError(preflight);
    }
  });

  it('HEAD has the status and content type of GET, and no body', async () => {
    for (const { url, methods } of routes.filter((it) => it.methods.includes('GET'))) {
      expect(methods).toContain('HEAD');
      const [get, head] = [await ask({ url: fill(url) }), await ask({ method: 'HEAD', url: fill(url) })];
      expect([head.status, head.text]).toEqual([get.status, '']);
      expect(head.headers['content-type']).toBe(get.headers['content-type']);
    }
  });

  it.each<[string, string, string]>([
    ['malformed JSON', '{"external_id":', 'application/json'],
    ['not an object', '"text"', 'application/json'],
    ['a list', '[{"external_id":"ada"}]', 'application/json'],
    ['a text with U+0000', '{"external_id":"a\\u0000","status":"\\u0000"}', 'application/json'],
    ['an object with __proto__', '{"__proto__":{"external_id":"ada"}}', 'application/json'],
    ['empty', '', 'application/json'],
    ['nested too deeply', `{"a":${'['.repeat(2_000)}${']'.repeat(2_000)}}`, 'application/json'],
  ])('400 is the response to a body that is %s', async (_, payload, type) => {
    for (const route of writes()) {
      if (ignoresBody(route.url) || (payload === '' && takesNothing(route.url))) continue;
      const answer = await ask({ ...route, payload, headers: { 'content-type': type } });
      expect(flexError(answer)).toBe('400 invalid_request');
    }
  });

  it('413 is the response to a body that is too large, and 415 to one that is not JSON', async () => {
    const json = 'application/json';
    for (const route of writes()) {
      const large = await ask({
        ...route,
        payload: `"${'x'.repeat(70_000)}"`,
        headers: { 'content-type': json },
      });
      expect(flexError(large)).toBe('413 invalid_request');
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/jsonp',
        'multipart/form-data; boundary=x',
        '',
      ]) {
        const other = await ask({ ...route, payload: 'a=b', headers: { 'content-type': type } });
        // Ceremonies read text, as JSON.
        const isRead = type === 'text/plain' && route.url.includes('/webauthn/');
        expect(flexError(other)).toBe(`${isRead ? 400 : 415} invalid_request`);
      }
    }
  });

  it('429 is the response to too many requests of one address, with Retry-After', async () => {
    const remoteAddress = newAddress();
    const url = `/v1/apps/${server.tenant.id}`;
    const answers: HttpAnswer[] = [];
    for (let i = 0; i <= RATE_LIMIT; i++) answers.push(await ask({ url, remoteAddress }));
    expect(answers.slice(0, -1).every(({ status }) => status === 200)).toBe(true);
    const last = answers.at(-1)!;
    expect(flexError(last)).toBe('429 exceeded_attempts');
    expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask({ url })).status).toBe(200);
    expect((await ask({ url: `${url}/users`, remoteAddress })).status).toBe(200);
  });

  it('500 is the response to an unexpected error, without details in the body or secrets in the log', async () => {
    const browser = server.tenant.browser();
    const begun = await browser.beginRegistration(await server.registerTransaction('ada'));
    const body = begun.answer(new SoftwareAuthenticator());
    const secret = 'the-secret-name-of-somebody';
    const [user, [device]] = [await server.find('ada'), await server.devices('ada')];
    for (const table of [
      'flex_users',
      'devices',
      'transactions',
      'nonces',
      'audit_events',
      'api_keys',
    ] as const) {
      const mark = app.logLines.length;
      await sql(app, `alter table ${table} rename to hidden`);
      const faulty: HttpAnswer[] = [];
      try {
        const external = { external_id: secret, passkey_display_name: secret };
        faulty.push(
          await server.call('POST', '/transactions/register', external),
          await server.call('POST', '/transactions/authenticate', { external_id: 'ada' }),
          await server.verify(secret),
          await server.call('GET', `/users?identifier=${secret}`),
          await server.call('GET', `/users/${user.id}`),
          await server.call('GET', `/users/${user.id}/devices`),
          await server.call('PATCH', `/users/${user.id}`, { status: 'active' }),
          await server.call('PATCH', `/users/${user.id}/devices/${device!.id}`, { friendly_name: secret }),
          await server.call('GET', `/external-users/${secret}`),
          await browser.post('register', 'start', { transaction_id: secret }),
          await browser.finish('register', body),
        );
      } finally {
        await sql(app, `alter table hidden rename to ${table}`);
      }
      const faults = faulty.filter(({ status }) => status >= 400).map(flexError);
      expect(faults).toContain('500 internal_server_error');
      const answers = faulty.map(({ status, text }) => (status === 500 ? text : '')).join();
      expect(answers).not.toMatch(/hidden|relation|select|insert|update|pg/i);
      const log = app.logLines.slice(mark).join('\n');
      expect(log).toContain('unexpected error');
      for (const hidden of [
        secret,
        server.key.slice(16),
        begun.handshakeId,
        begun.publicKey.challenge,
        body.transaction_id!,
      ]) {
        expect(log).not.toContain(hidden);
      }
    }
  });

  it('503 with Retry-After is the response of every route while the database is unreachable', async () => {
    const { database, passage } = app.configuration;
    const url = new URL(database.kind === 'postgresql' ? database.url : '');
    const wire = new TcpProxy({ host: url.hostname, port: Number(url.port) });
    await wire.open();
    url.host = `${wire.address.host}:${wire.address.port}`;
    const wired = await buildAppOn({ kind: 'postgresql', url: url.href, poolMax: 4 }, { passage });
    try {
      const far = server.on(wired);
      await far.list();
      const before = await contents(app);
      await wire.cut();
      for (const { url: route, methods } of routes) {
        for (const method of methods as Method[]) {
          const payload = method === 'POST' || method === 'PATCH' ? EVERYTHING : undefined;
          const answer = await far.ask({ method, url: fill(route), payload, remoteAddress: newAddress() });
          expect(answer.status).toBe(503);
          expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
          if (method !== 'HEAD') expect(flexError(answer)).toBe('503 internal_server_error');
        }
      }
      expect(await contents(app)).toEqual(before);
      await wire.open();
      await far.list();
    } finally {
      await wired.close();
      await wire.cut();
    }
  });
});
