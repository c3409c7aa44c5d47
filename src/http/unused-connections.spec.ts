import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import Fastify, { type FastifyInstance } from 'fastify';
import { closeUnusedConnections } from './unused-connections.js';

const REQUEST = 'GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n';
const CLIENTS = 20;
const OK = 'HTTP/1.1 200';

/** Connects as many clients, each with a request; tells how each ended. */
const CROWD = `
  const { connect } = require('node:net');
  const { parentPort, workerData: { port, request, clients } } = require('node:worker_threads');
  const ask = () => new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.once('data', (bytes) => resolve(String(bytes).slice(0, 12)));
    socket.once('error', ({ code }) => resolve(code));
  });
  Promise.all(Array.from({ length: clients }, ask)).then((ends) => parentPort.postMessage(ends));
`;

describe('closing the port', () => {
  let fastify: FastifyInstance;
  let port: number;
  let isAnswered = false;

  beforeEach(async () => {
    fastify = Fastify({ return503OnClosing: false });
    closeUnusedConnections(fastify);
    fastify.get('/', () => ({}));
    fastify.get('/slow', () => pause(1_000, {}));
    fastify.addHook('onResponse', (_request, _reply, done) => {
      isAnswered = true;
      done();
    });
    await fastify.listen();
    port = (fastify.server.address() as AddressInfo).port;
  });
  afterEach(() => fastify.close());

  it('answers the requests of all clients who were connecting at that moment', async () => {
    const workerData = { port, request: REQUEST, clients: CLIENTS };
    const crowd = new Worker(CROWD, { eval: true, workerData });
    await once(crowd, 'online');
    // The system connects them meanwhile, and this process knows of none.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    const closing = fastify.close();
    const [ends] = await once(crowd, 'message');
    expect(ends).toEqual(Array.from({ length: CLIENTS }, () => OK));
    await closing;
  });

  it('answers a request that comes after it over a connection from before', async () => {
    const early = connect(port, '127.0.0.1');
    await once(fastify.server, 'connection');
    const closing = fastify.close();
    await untilRefused(port);
    early.write(REQUEST);
    const [bytes] = (await once(early, 'data')) as [Buffer];
    expect(bytes.toString()).toMatch(OK);
    await closing;
  });

  it('waits for the requests under way, and not for connections without one', async () => {
    const unused = connect(port, '127.0.0.1').resume();
    await once(fastify.server, 'connection');
    const slow = connect(port, '127.0.0.1');
    slow.write(REQUEST.replace('/', '/slow'));
    await once(fastify.server, 'request');
    const answered = once(slow, 'data');
    isAnswered = false;
    await fastify.close();
    expect(isAnswered).toBe(true);
    if (!unused.closed) await once(unused, 'close');
    const [bytes] = (await answered) as [Buffer];
    expect(bytes.toString()).toMatch(OK);
  });
});

async function untilRefused(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const probe = connect(port, '127.0.0.1');
    const isRefused = await once(probe, 'connect').then(
      () => false,
      () => true,
    );
    probe.destroy();
    if (isRefused) return;
    await pause(5);
  }
  throw new Error('The port stays open.');
}
