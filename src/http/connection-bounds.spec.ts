import { Agent, type IncomingMessage, request as ask } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.js';
import { installConnectionBounds, mostConnections, SERVER_OPTIONS, TIMEOUTS } from './connection-bounds.js';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: keyway.example\r\n\r\n`;

describe('the bounds of a connection', () => {
  let fastify: FastifyInstance;
  let logLines: string[];
  /** The paths of the requests that were begun, in their order. */
  let begun: string[];
  /** How many requests Node's parser made. */
  let parsed: number;
  let release: () => void;
  let sockets: Socket[];

  beforeEach(async () => {
    [logLines, begun, sockets, parsed] = [[], [], [], 0];
    const held = new Promise<void>((resolve) => (release = resolve));
    fastify = Fastify({ http: SERVER_OPTIONS, ...TIMEOUTS });
    const log = pino({}, { write: (line: string) => void logLines.push(line) });
    installConnectionBounds(fastify, { maxConnections: 3, log });
    fastify.server.on('request', () => (parsed += 1));
    fastify.addHook('onRequest', (request, _reply, done) => {
      begun.push(request.url);
      done();
    });
    fastify.get('/held', async () => {
      await held;
      return 'held';
    });
    fastify.get('/large', () => 'x'.repeat(8 * 1024 * 1024));
    fastify.get('/:name', ({ url }) => url);
    fastify.post('/:name', ({ body }) => body);
    await fastify.listen({ host: '127.0.0.1', port: 0 });
  });

  afterEach(async () => {
    release();
    for (const socket of sockets) socket.destroy();
    await fastify.close();
  });

  const port = (): number => (fastify.server.address() as AddressInfo).port;

  /** A connection, what came on it, and whether it was closed. */
  function dial(): { socket: Socket; text: () => string; isClosed: () => boolean } {
    let text = '';
    let isClosed = false;
    const socket = connect(port(), '127.0.0.1')
      .on('error', () => undefined)
      .on('data', (chunk) => (text += chunk.toString()))
      .on('close', () => (isClosed = true));
    sockets.push(socket);
    return { socket, text: () => text, isClosed: () => isClosed };
  }

  const answersIn = (text: string): number => text.split('HTTP/1.1 200').length - 1;

  it('lets a pipelined request begin once the one before it is answered', async () => {
    const { socket, text } = dial();
    socket.write(get('/held') + get('/a') + get('/b') + get('/c'));
    await eventually(() => expect(parsed).toBe(4));
    expect(begun).toEqual(['/held']);
    release();
    await eventually(() => expect(answersIn(text())).toBe(4));
    expect(begun).toEqual(['/held', '/a', '/b', '/c']);
    expect(text().match(/^(?:held|\/\w)(?=HTTP|$)/gm)).toEqual(['held', '/a', '/b', '/c']);
  });

  it('begins no request whose client hung up while it waited, and logs it', async () => {
    const { socket } = dial();
    socket.write(get('/held') + get('/a') + get('/b'));
    await eventually(() => expect(parsed).toBe(3));
    socket.resetAndDestroy();
    await eventually(() => expect(logLines).toHaveLength(2));
    expect(begun).toEqual(['/held']);
    expect(JSON.parse(logLines[0]!)).toMatchObject({ method: 'GET', route: 'unbegun', aborted: true });
  });

  it('keeps few answers for a client that does not read them', async () => {
    const { socket, text } = dial();
    socket.pause().write(get('/large').repeat(7));
    await eventually(() => expect(parsed).toBe(7));
    expect(begun.length).toBeLessThan(7); // Some fit into the buffers of the network.
    socket.resume();
    await eventually(() => expect(answersIn(text())).toBe(7));
  });

  it('answers 8 of the requests that arrive at once, and parses no more of them', async () => {
    const { socket, text, isClosed } = dial();
    socket.write(get('/x').repeat(2_000));
    await eventually(() => expect(isClosed()).toBe(true));
    expect(begun).toHaveLength(8);
    expect(parsed).toBe(8);
    expect(answersIn(text())).toBe(8);
    expect(
      text()
        .match(/connection: [\w-]+/gi)!
        .map((it) => it.toLowerCase()),
    ).toEqual([...Array<string>(7).fill('connection: keep-alive'), 'connection: close']);
  });

  it('reads the whole body of the last request that it answers', async () => {
    const { socket, text, isClosed } = dial();
    const body = JSON.stringify({ text: 'y'.repeat(200_000) });
    const head = `host: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
    socket.write(get('/x').repeat(7) + `POST /y HTTP/1.1\r\n${head}\r\n\r\n${body.slice(0, 1_000)}`);
    await eventually(() => expect(answersIn(text())).toBe(7));
    socket.write(body.slice(1_000) + get('/never'));
    await eventually(() => expect(isClosed()).toBe(true));
    expect(answersIn(text())).toBe(8);
    expect(text()).toContain('y'.repeat(200_000));
    expect(begun).not.toContain('/never');
  });

  it('closes after 1,000 requests, one after another', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers: (string | undefined)[] = [];
    for (let i = 0; i < 1_001; i++) {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        ask({ agent, port: port(), host: '127.0.0.1', path: '/x' }, resolve).on('error', reject).end();
      });
      await new Promise((resolve) => answer.resume().once('close', resolve));
      headers.push(answer.headers.connection);
    }
    agent.destroy();
    expect(headers.flatMap((it, i) => (it === 'close' ? i + 1 : []))).toEqual([1_000]);
  });

  it('refuses the connections beyond the most, and warns once', async () => {
    const within = [dial(), dial(), dial()];
    for (const { socket } of within) socket.write(get('/a'));
    await eventually(() => within.forEach(({ text }) => expect(answersIn(text())).toBe(1)));
    const beyond = [dial(), dial()];
    await eventually(() => beyond.forEach(({ isClosed }) => expect(isClosed()).toBe(true)));
    expect(logLines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: 40, maxConnections: 3, msg: expect.stringContaining('Connections are refused') as string },
    ]);
    expect(within.some(({ isClosed }) => isClosed())).toBe(false);
  });

  it('closes a connection on which no answer is taken', async () => {
    expect(fastify.server.timeout).toBe(60_000);
    fastify.server.timeout = 200;
    const { socket } = dial();
    const closed = new Promise((resolve) =>
      fastify.server.once('connection', (it) => it.once('close', resolve)),
    );
    socket.pause().write(get('/large').repeat(7));
    await closed;
  });

  it('waits 15 s for headers, to within 5 s', async () => {
    const { socket, text, isClosed } = dial();
    const start = performance.now();
    socket.write('GET /x HTTP/1.1\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(isClosed()).toBe(true);
    expect(text()).toMatch(/^HTTP\/1.1 408 /);
    const waited = performance.now() - start;
    expect(waited).toBeGreaterThan(14_000);
    expect(waited).toBeLessThan(28_000); // Node's own check would come after 30 s.
  }, 40_000);
});

describe('the most connections', () => {
  it('are 2,000', () => expect(mostConnections(10, 1_048_576)).toBe(2_000));

  it('are fewer where descriptors are few, so that the pool and the files keep theirs', () => {
    expect(mostConnections(10, 1_024)).toBe(914);
    expect(mostConnections(500, 1_024)).toBe(424);
  });

  it('are 16 at least', () => expect(mostConnections(10, 64)).toBe(16));
});
