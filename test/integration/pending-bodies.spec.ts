import { connect, type Socket } from 'node:net';
import { anApiKey } from '../support/app-server.js';
import { buildApp, TEST, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';
import { routesOf } from '../support/routes.js';
import { UNKNOWN_ID } from '../support/tables.js';
import { signToken } from '../support/test-user.js';

const LENGTH = 4_000;
const WRONG_KEY = `kw_${'0'.repeat(12)}_${'A'.repeat(43)}`;

describe('a body', () => {
  let app: TestApp;
  let port: number;
  let sockets: Socket[];
  /** The routes that read a body and need a key or a token. */
  let guarded: string[];
  beforeAll(async () => {
    app = await buildApp();
    await app.application.listen(0, '127.0.0.1');
    ({ port } = app.application.getHttpServer().address() as { port: number });
    guarded = routesOf(app).flatMap(({ url, methods }) =>
      methods
        .filter((method) => ['POST', 'PATCH', 'PUT'].includes(method) && !url.includes('/webauthn/'))
        .map((method) => `${method} ${url.replace(':app', TEST.appId).replace(/:\w+/g, UNKNOWN_ID)}`),
    );
  });
  beforeEach(() => (sockets = []));
  afterEach(() => sockets.forEach((socket) => socket.destroy()));
  afterAll(() => app?.close());

  /** Sends the head of a request, and gives what comes back and what sends the rest of it. */
  function begin(route: string, credential: string, framing: string) {
    let text = '';
    const socket = connect(port, '127.0.0.1').on('data', (chunk) => (text += chunk.toString()));
    sockets.push(socket);
    const head = [
      'host: a',
      `authorization: Bearer ${credential}`,
      'content-type: application/json',
      framing,
    ];
    socket.write(`${route} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`);
    return { text: () => text, send: (rest: string) => socket.write(rest) };
  }

  it.each([`content-length: ${LENGTH}`, 'transfer-encoding: chunked'])(
    'is not awaited from a caller with a wrong key or token: %s',
    async (framing) => {
      expect(guarded.length).toBeGreaterThan(10);
      const wrongToken = `${(await signToken({ sub: 'ada' })).slice(0, -8)}AAAAAAAA`;
      for (const route of guarded) {
        const isFlex = route.includes(' /v1/');
        const { text } = begin(route, isFlex ? WRONG_KEY : wrongToken, framing);
        await eventually(() => expect(`${route} ${text()}`).toContain(`${route} HTTP/1.1 401`));
      }
    },
  );

  it('is dropped after the refusal, and the connection serves the next request', async () => {
    const { text, send } = begin('POST /passkey/verify', 'wrong', `content-length: ${LENGTH}`);
    await eventually(() => expect(text()).toContain('HTTP/1.1 401'));
    send('x'.repeat(LENGTH));
    send('GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n');
    await eventually(() => expect(text()).toContain('HTTP/1.1 200'));
  });

  it('is awaited from a caller with the right key or token, and refused where it is malformed', async () => {
    const [key, token] = [await anApiKey(app, TEST.appId), await signToken({ sub: 'ada' })];
    for (const route of guarded) {
      const { text, send } = begin(route, route.includes(' /v1/') ? key : token, `content-length: ${LENGTH}`);
      send('x'.repeat(LENGTH - 1));
      const live = begin('GET /health/live', token, 'content-length: 0');
      await eventually(() => expect(live.text()).toContain('HTTP/1.1 200'));
      expect(`${route} ${text()}`).toBe(`${route} `);
      send('x');
      await eventually(() => expect(`${route} ${text()}`).toContain(`${route} HTTP/1.1 400`));
    }
  });
});
