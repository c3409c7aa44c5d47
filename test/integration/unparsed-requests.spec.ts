import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:net';
import { anApiKey } from '../support/app-server.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { contents, count, statementsOf } from '../support/tables.js';
import { signToken, TestUser } from '../support/test-user.js';

const HOST = 'host: keyway.example';
const LONG = `x-long: ${'a'.repeat(40_000)}`;
const START = '/v1/apps/shop/authenticate/transactions/webauthn/start';
const CHUNKED = `${HOST}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked`;

describe('a request that Node’s HTTP parser refuses', () => {
  let app: TestApp;
  let port: number;
  beforeAll(async () => {
    app = await buildApp();
    await app.application.listen(0, '127.0.0.1');
    ({ port } = app.application.getHttpServer().address() as { port: number });
  });
  afterAll(() => app?.close());

  /** Sends the parts one after another, and gives the status and what came until the server hung up. */
  const exchange = (...parts: string[]) =>
    new Promise<{ status: number; head: string; body: Record<string, unknown> }>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1').on('error', reject);
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => {
        const [head = '', body = ''] = text.split('\r\n\r\n');
        resolve({
          status: Number(/^HTTP\/1.1 (\d+)/.exec(head)?.[1]),
          head,
          body: JSON.parse(body) as Record<string, unknown>,
        });
      });
      const send = (): void => {
        const part = parts.shift();
        if (part === undefined) return;
        socket.write(part);
        setTimeout(send, 50);
      };
      send();
    });

  const flex = (status: number) => ({
    status,
    head: expect.stringContaining('\r\ncontent-type: application/json; charset=utf-8\r\n') as string,
    body: { code: 'invalid_request', error: expect.any(String) as string },
  });
  const problem = (status: number, code: string) => ({
    status,
    head: expect.stringContaining('\r\ncontent-type: application/problem+json; charset=utf-8\r\n') as string,
    body: {
      type: 'about:blank',
      title: expect.any(String) as string,
      status,
      code,
      requestId: expect.any(String) as string,
    },
  });

  it.each<[string, string[], object]>([
    ['headers too large', [`GET /v1/apps/shop HTTP/1.1\r\n${HOST}\r\n${LONG}\r\n\r\n`], flex(431)],
    [
      'headers too large, of a URL named whole',
      [`GET http://keyway.example/v1/apps/shop HTTP/1.1\r\n${HOST}\r\n${LONG}\r\n\r\n`],
      flex(431),
    ],
    [
      'headers that grow too large after the request line was read',
      [`GET /v1/apps/shop HTTP/1.1\r\n${HOST}\r\n`, `${LONG}\r\n\r\n`],
      flex(431),
    ],
    [
      'a header with a control character',
      ['GET /v1/apps/shop HTTP/1.1\r\nhost: a\r\nx: \x01\r\n\r\n'],
      flex(400),
    ],
    [
      'two lengths',
      ['POST /v1/apps/shop HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'],
      flex(400),
    ],
    ['no HTTP at all', ['\x16\x03\x01\x02\r\n\r\n'], flex(400)],
    [
      'a broken chunk, later',
      [`POST ${START} HTTP/1.1\r\n${CHUNKED}\r\n\r\n`, 'zz\r\n{}\r\n0\r\n\r\n'],
      flex(400),
    ],
    [
      'headers too large',
      [`GET /user/devices HTTP/1.1\r\n${HOST}\r\n${LONG}\r\n\r\n`],
      problem(431, 'headers_too_large'),
    ],
  ])('is answered in the format of its edge, and its connection is closed: %s', async (_, parts, answer) => {
    expect(await exchange(...parts)).toEqual(answer);
  });

  it('is answered once: a broken chunk behind headers with the right token, or without', async () => {
    const head = `POST /user/revokePasskey HTTP/1.1\r\n${CHUNKED}`;
    const token = `authorization: Bearer ${await signToken({ sub: 'ada' })}`;
    const broken = 'zz\r\n{}\r\n0\r\n\r\n';
    expect(await exchange(`${head}\r\n${token}\r\n\r\n`, broken)).toEqual(problem(400, 'invalid_request'));
    expect(await exchange(`${head}\r\n\r\n`, broken)).toEqual(problem(401, 'missing_token'));
  });

  it.each<[string, string[], object]>([
    ['two Host headers', ['GET /v1/apps/shop HTTP/1.1', HOST, 'HOST: keyway.example'], flex(400)],
    ['two different ones', ['GET /user/devices HTTP/1.1', HOST, 'host: b'], problem(400, 'invalid_request')],
    ['two Host headers, of HTTP/1.0', ['GET /v1/apps/shop HTTP/1.0', HOST, HOST], flex(400)],
    ['no Host header', ['GET /v1/apps/shop HTTP/1.1'], flex(400)],
    ...['gzip, chunked', 'chunked, chunked', 'identity, chunked'].map(
      (coding): [string, string[], object] => [
        `the transfer coding ${coding}`,
        ['POST /user/revokePasskey HTTP/1.1', HOST, `transfer-encoding: ${coding}`, '', '0'],
        problem(400, 'invalid_request'),
      ],
    ),
    [
      'two transfer codings in headers of their own',
      ['GET /v1/apps/shop HTTP/1.1', HOST, 'transfer-encoding: gzip', 'Transfer-Encoding: chunked', '', '0'],
      flex(400),
    ],
  ])(
    'is one that RFC 9112 has servers refuse, and its connection is closed: %s',
    async (_, lines, answer) => {
      expect(await exchange(`${lines.join('\r\n')}\r\n\r\n`)).toMatchObject(answer);
    },
  );

  describe('after a valid request on the same connection', () => {
    /** What the server says until it hangs up; nonsense is sent at once, or once the first response is there. */
    const talk = (valid: string, { atOnce }: { atOnce: boolean }) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1').on('error', reject);
        let seen = '';
        socket
          .on('close', () => resolve(seen))
          .on('data', (chunk) => {
            if (seen === '' && !atOnce) socket.write('nonsense\r\n\r\n');
            seen += chunk.toString();
          });
        socket.write(atOnce ? `${valid}nonsense\r\n\r\n` : valid);
      });

    it('is answered after the response to the valid request', async () => {
      const text = await talk(`GET /v1/apps/shop HTTP/1.1\r\n${HOST}\r\n\r\n`, { atOnce: false });
      const [first, second] = text.split(/(?=HTTP\/1\.1 )/);
      const [head, body] = first!.split('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(JSON.parse(body!)).toMatchObject({ app: { id: TEST.appId } });
      expect(second).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    });

    it('is not answered while the valid request runs, which is carried out', async () => {
      const body = JSON.stringify({ external_id: 'meanwhile', passkey_display_name: 'x' });
      const head = [
        'POST /v1/apps/shop/transactions/register HTTP/1.1',
        HOST,
        `authorization: Bearer ${await anApiKey(app, TEST.appId)}`,
        'content-type: application/json',
        `content-length: ${body.length}`,
      ];
      expect(await talk(`${head.join('\r\n')}\r\n\r\n${body}`, { atOnce: true })).toBe('');
      await eventually(async () =>
        expect(await count(app, `flex_users where external_id = 'meanwhile'`)).toBe(1),
      );
    });

    it('is not answered before the valid request, if it ends in the middle of its body', async () => {
      const valid = `GET /v1/apps/shop HTTP/1.1\r\n${HOST}\r\n\r\n`;
      const broken = `POST /user/revokePasskey HTTP/1.1\r\n${CHUNKED}\r\n\r\n`;
      expect(await talk(valid + broken, { atOnce: true })).toBe('');
    });
  });

  it.each<[string, string, number]>([
    ['a line of its own', 'x-request-id: aaaaaaaa\r\nx-evil: 1', 404],
    ['a folded line', 'x-request-id: aaaaaaaa\r\n x-evil: 1', 400],
    ['a line feed alone', 'x-request-id: aaaaaaaa\nx-evil: 1', 400],
    ['a carriage return alone', 'x-request-id: aaaaaaaa\rx-evil: 1', 400],
    ['U+010D and U+010A, whose low bytes are CR and LF', 'x-request-id: aaaaaaaa\u010d\u010ax-evil: 1', 404],
    ['percent-encoding', 'x-request-id: aaaaaaaa%0d%0ax-evil: 1', 404],
  ])('cannot add a header to the response by %s', async (_, line, status) => {
    const paths = ['/nowhere', '/v1/apps/a%0d%0ax-evil:%201', '/user/devices/%0D%0Ax-evil:1?%0d%0ax-evil:1'];
    for (const path of paths) {
      const request = `GET ${path} HTTP/1.1\r\n${HOST}\r\n${line}\r\nconnection: close\r\n\r\n`;
      const answer = await exchange(request);
      if (path === '/nowhere') expect(answer.status).toBe(status);
      expect(answer.head.replaceAll('\r\n', '')).not.toMatch(/[\r\n]|evil/);
    }
  });

  it('is answered with 413 by its content length, before its body is sent', async () => {
    const head = `${HOST}\r\ncontent-type: application/json\r\ncontent-length: 70000\r\nconnection: close`;
    const statements = await statementsOf(app, async () => {
      for (const path of ['/v1/apps/shop/transactions/register', '/passkey/verify'])
        expect(await exchange(`POST ${path} HTTP/1.1\r\n${head}\r\n\r\n`)).toMatchObject({ status: 413 });
    });
    expect(statements).toBe(0);
  });

  it('is one without a Host header', async () => {
    expect(await exchange('GET /v1/apps/shop HTTP/1.1\r\nconnection: close\r\n\r\n')).toEqual(flex(400));
    expect(await exchange('GET /v1/apps/shop HTTP/1.0\r\n\r\n')).toMatchObject({ status: 200 });
  });

  it('is not one with an unknown Expect header', async () => {
    const head = `${HOST}\r\nexpect: miracles\r\nconnection: close`;
    expect(await exchange(`GET /v1/apps/shop HTTP/1.1\r\n${head}\r\n\r\n`)).toMatchObject({ status: 200 });
  });

  it.each([
    'application/json',
    'application/json;nonsense',
    'application/x-www-form-urlencoded',
    'text/plain; charset=utf-8',
    'multipart/form-data; boundary=x',
    'nonsense',
    '',
  ])('is not one whose body is empty, as that is no body, also if it is called %j', async (type) => {
    const target = '/passkey/register';
    const authorization = `authorization: Bearer ${await new TestUser(app).token()}`;
    const head = `${HOST}\r\n${authorization}\r\nconnection: close\r\ncontent-type: ${type}`;
    const register = (...rest: string[]) =>
      exchange(`POST ${target} HTTP/1.1\r\n${head}\r\n${rest.join('\r\n')}`);
    expect(await register('content-length: 0', '', '')).toMatchObject({ status: 201 });
    expect(await register('', '')).toMatchObject({ status: 201 });
    expect(await register('content-length: 0', 'content-encoding: gzip', '', '')).toMatchObject({
      status: 201,
    });
    const chunked = await register('transfer-encoding: chunked', '', '0', '', '');
    expect(chunked.status).toBe(201);
    const filled = await register('transfer-encoding: chunked', '', '2', '{}', '0', '', '');
    expect(filled.status).toBe(type.startsWith('application/json') ? 201 : 415);
  });

  it('is not one from a client that closes the connection, and no database failure is logged for it', async () => {
    const mark = app.logLines.length;
    const socket = connect(port, '127.0.0.1');
    const head = `${HOST}\r\ncontent-type: application/json\r\ncontent-length: 100`;
    socket.write(
      `POST /v1/apps/shop/authenticate/transactions/webauthn/start HTTP/1.1\r\n${head}\r\n\r\n{"a"`,
    );
    await pause(50);
    socket.destroy();
    await pause(200);
    expect(app.logLines.slice(mark).join()).not.toContain('database');
  });

  it('is not one on an open connection while the service stops', async () => {
    const stopping = await buildApp();
    await stopping.application.listen(0, '127.0.0.1');
    const { port } = stopping.application.getHttpServer().address() as { port: number };
    const ask = `GET /v1/apps/shop HTTP/1.1\r\n${HOST}\r\n\r\n`;
    let text = '';
    const socket = connect(port, '127.0.0.1').on('data', (chunk) => (text += chunk.toString()));
    socket.write(ask + ask.slice(0, 20));
    await pause(100);
    const closed = stopping.close();
    await pause(50);
    socket.write(ask.slice(20));
    await closed;
    expect(text.match(/HTTP\/1.1 \d+|Connection: .*/g)).toEqual([
      'HTTP/1.1 200',
      'Connection: keep-alive',
      'HTTP/1.1 200',
      'Connection: close',
    ]);
  });

  it('is one with more than 32 KiB of headers, and none that carries a token of 16 KiB', async () => {
    const user = new TestUser(app);
    const length = 16 * 1024 - (await user.token({ groups: '' })).length;
    const token = await user.token({ groups: 'x'.repeat(Math.ceil((length * 3) / 4)) });
    expect(token.length).toBe(16 * 1024);
    const ask = (rest: number) =>
      exchange(
        `GET /user/devices HTTP/1.1\r\n${HOST}\r\nauthorization: Bearer ${token}\r\n` +
          `x-rest: ${'a'.repeat(rest)}\r\nconnection: close\r\n\r\n`,
      );
    expect(await ask(15_000)).toMatchObject({ status: 200, body: { passkeys: [] } });
    expect(await ask(17_000)).toEqual(problem(431, 'headers_too_large'));
  });

  it('stores nothing and does not affect other requests', async () => {
    // A key's use is written down once a minute: this one's never is.
    const key = await anApiKey(app, TEST.appId, { last_used_at: `now() + interval '1 day'` });
    const body = JSON.stringify({ external_id: 'ada', passkey_display_name: 'Ada' });
    const post = `POST /v1/apps/shop/transactions/register HTTP/1.1\r\n${CHUNKED}\r\nauthorization: Bearer ${key}`;
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
    const before = await contents(app);
    await exchange('nonsense\r\n\r\n');
    expect(await exchange(`${post}\r\n\r\n`, chunk, 'zz\r\n')).toEqual(flex(400));
    expect(await exchange(`${post}\r\n\r\n${chunk}zz\r\n`)).toEqual(flex(400));
    expect(await exchange(`${post}\r\n${LONG}\r\n\r\n${chunk}0\r\n\r\n`)).toEqual(flex(431));
    expect(await contents(app)).toEqual(before);
    const whole = `${post}\r\nconnection: close\r\n\r\n${chunk}0\r\n\r\n`;
    expect(await exchange(whole)).toMatchObject({ status: 201 });
    expect(await contents(app)).not.toEqual(before);
    expect(
      await exchange(`GET /v1/apps/${TEST.appId} HTTP/1.1\r\n${HOST}\r\nconnection: close\r\n\r\n`),
    ).toMatchObject({ status: 200, body: { app: { id: TEST.appId } } });
  });

  it.each(['http://keyway.example', 'HTTPS://other.example:8443'])(
    'is not one with an absolute URL: %s',
    async (authority) => {
      const ask = (path: string) =>
        exchange(`GET ${authority}${path} HTTP/1.1\r\n${HOST}\r\nconnection: close\r\n\r\n`);
      expect(await ask(`/v1/apps/${TEST.appId}`)).toMatchObject({ status: 200 });
      expect(await ask('/v1/apps/nobodys')).toMatchObject({ status: 404, body: { code: 'app_not_found' } });
      expect(await ask('/v1/nothing')).toEqual(flex(404));
      expect(await ask('/user/devices')).toEqual(problem(401, 'missing_token'));
      expect(await ask('?x')).toEqual(problem(404, 'route_not_found'));
    },
  );

  it.each(['/%761/apps/nobodys/users', '/v%31/nothing', '/%76%31/apps/shop/users'])(
    'is not one with a percent-encoded path, which is answered in the format of its edge: %s',
    async (path) => {
      const { head, body } = await exchange(`GET ${path} HTTP/1.1\r\n${HOST}\r\nconnection: close\r\n\r\n`);
      expect(head).toContain('\r\ncontent-type: application/json; charset=utf-8\r\n');
      expect(Object.keys(body)).toEqual(['code', 'error']);
    },
  );
});
