import { setTimeout as pause } from 'node:timers/promises';
import { connect, type Socket } from 'node:net';
import { Client } from 'pg';
import { AppServer } from '../support/app-server.js';
import { buildApp, type TestApp } from '../support/build-app.js';
import { eventually } from '../support/eventually.js';

const HOST = 'host: keyway.example';
const START = '/v1/apps/shop/authenticate/transactions/webauthn/start';

type Line = Readonly<Record<string, unknown>>;

describe('the access log', () => {
  let app: TestApp;
  let port: number;
  beforeAll(async () => {
    app = await buildApp();
    await app.application.listen(0, '127.0.0.1');
    ({ port } = app.application.getHttpServer().address() as { port: number });
  });
  afterAll(() => app?.close());

  /** The lines of requests that the service logged since the mark. */
  const linesSince = (mark: number): Line[] =>
    app.logLines
      .slice(mark)
      .map((line) => JSON.parse(line) as Line)
      .filter((line) => 'route' in line);

  /** The line of a request, once it is there; throws if there are more, also a moment later. */
  async function onlyLineSince(mark: number): Promise<Line> {
    await eventually(() => expect(linesSince(mark)).not.toEqual([]));
    await pause(100);
    const lines = linesSince(mark);
    expect(lines).toHaveLength(1);
    return lines[0]!;
  }

  const opened = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket)).on('error', reject);
    });

  /** How many connections the service has. */
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const server = app.application.getHttpServer();
      server.getConnections((error: Error | null, count: number) => (error ? reject(error) : resolve(count)));
    });

  /** Sends the request, hangs up once it waits for the table, and lets it have the table then. */
  async function hangUpWaitingFor(table: string, request: string): Promise<void> {
    const { database } = app.configuration;
    if (database.kind !== 'postgresql') throw new Error('The test needs PostgreSQL');
    const holder = new Client({ connectionString: database.url });
    await holder.connect();
    try {
      await holder.query(`begin; lock table ${table} in access exclusive mode`);
      const socket = await opened();
      socket.write(request);
      await eventually(async () => {
        const { rowCount } = await holder.query(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        expect(rowCount).toBe(1);
      });
      socket.resetAndDestroy();
      await eventually(async () => expect(await connections()).toBe(0));
      await pause(50);
    } finally {
      await holder.end();
    }
  }

  it('has one line for a request that is answered', async () => {
    const mark = app.logLines.length;
    const socket = await opened();
    socket.resume().write(`GET /v1/apps/shop HTTP/1.1\r\n${HOST}\r\n\r\n`);
    const line = await onlyLineSince(mark);
    socket.destroy();
    expect(line).toMatchObject({ method: 'GET', route: '/v1/apps/:app', status: 200 });
    expect(line).not.toHaveProperty('aborted');
  });

  it('has one line for a request whose client hangs up, with who asked and what came of it', async () => {
    const server = await AppServer.own(app);
    const body = '{"nonce":"unknown"}';
    const head = [HOST, `authorization: Bearer ${server.key}`, 'content-type: application/json'];
    const mark = app.logLines.length;
    await hangUpWaitingFor(
      'nonces',
      [
        'POST /v1/apps/shop/authenticate/verify HTTP/1.1',
        ...head,
        `content-length: ${body.length}`,
        '',
        body,
      ].join('\r\n'),
    );
    expect(await onlyLineSince(mark)).toMatchObject({
      method: 'POST',
      route: '/v1/apps/:app/authenticate/verify',
      aborted: true,
      app: 'shop',
      actor: expect.stringMatching(/^key:/) as string,
      status: 401,
      code: 'invalid_nonce',
    });
  });

  it('has one line for a request with a wrong key whose client hangs up', async () => {
    const mark = app.logLines.length;
    const key = `kw_${'0'.repeat(12)}_${'A'.repeat(43)}`;
    await hangUpWaitingFor(
      'api_keys',
      `GET /v1/apps/shop/users HTTP/1.1\r\n${HOST}\r\nauthorization: Bearer ${key}\r\n\r\n`,
    );
    expect(await onlyLineSince(mark)).toMatchObject({ status: 401, aborted: true, code: 'invalid_api_key' });
  });

  it('has one line for a request whose client hangs up in the middle of its body', async () => {
    const mark = app.logLines.length;
    const socket = await opened();
    const head = `${HOST}\r\ncontent-type: application/json\r\ncontent-length: 100`;
    socket.write(`POST ${START} HTTP/1.1\r\n${head}\r\n\r\n{"a"`);
    await eventually(async () => expect(await connections()).toBe(1));
    await pause(50);
    socket.resetAndDestroy();
    expect(await onlyLineSince(mark)).toMatchObject({ method: 'POST', aborted: true });
  });

  it('has one line for a request whose client hangs up before its body, while its key is looked up', async () => {
    const { key } = await AppServer.own(app);
    const mark = app.logLines.length;
    const head = `${HOST}\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: 9`;
    await hangUpWaitingFor('api_keys', `POST /v1/apps/shop/authenticate/verify HTTP/1.1\r\n${head}\r\n\r\n{`);
    expect(await onlyLineSince(mark)).toMatchObject({ status: 400, aborted: true, code: 'invalid_request' });
  });

  it.each([
    ['a malformed URL', `GET /v1/%zz HTTP/1.1\r\n${HOST}\r\n\r\n`, { route: 'unmatched', status: 400 }],
    [
      'headers that cannot be read',
      'GET /v1/apps/shop HTTP/1.1\r\nhost: a\r\nx: \x01\r\n\r\n',
      { route: 'unparsed', status: 400, code: 'invalid_request' },
    ],
    [
      'a broken chunk in its body',
      `POST ${START} HTTP/1.1\r\n${HOST}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
      { route: START.replace('shop', ':app'), status: 400 },
    ],
  ])('has one line for a request with %s', async (_what, request, line) => {
    const mark = app.logLines.length;
    const socket = await opened();
    socket.resume().write(request);
    expect(await onlyLineSince(mark)).toMatchObject(line);
    socket.destroy();
  });
});
