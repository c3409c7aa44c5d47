import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { installDeadline } from './deadline.js';
import { PendingBody } from './pending-body.js';
import { currentRequest, installRequestContext } from './request-context.js';

const LIMIT = 200; // ms

describe('the deadline of a request', () => {
  let fastify: FastifyInstance;
  let signal: AbortSignal | undefined;
  beforeEach(() => {
    fastify = Fastify();
    installRequestContext(fastify);
    installDeadline(fastify, LIMIT);
    fastify.get('/never', () => {
      signal = currentRequest()?.signal;
      return new Promise(() => undefined);
    });
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', (_request, payload, done) =>
      done(null, new PendingBody(payload, 100, String)),
    );
    fastify.post<{ Body: PendingBody }>('/body', async ({ body }) => {
      signal = currentRequest()?.signal;
      return { read: await body.read() };
    });
    fastify.post<{ Body: PendingBody }>('/never', async ({ body }) => {
      await body.read();
      return new Promise(() => undefined);
    });
  });
  afterEach(() => fastify.close());

  it('is answered with 503 and Retry-After once it has passed, and aborts what is done for it', async () => {
    const answer = await fastify.inject('/never');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ code: 'request_deadline_exceeded', status: 503 });
    expect(answer.headers['retry-after']).toBe('2');
    expect(signal?.reason).toMatchObject({ code: 'request_deadline_exceeded' });
  });

  it('goes on once the body has arrived', async () => {
    const answer = await fastify.inject({ method: 'POST', url: '/never', payload: { a: 1 } });
    expect(answer.statusCode).toBe(503);
  });

  it('does not count the time in which the body arrives, and ends with the answer', async () => {
    await fastify.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((fastify.server.address() as AddressInfo).port, '127.0.0.1');
    const body = '{"a":1}';
    socket.write(
      `POST /body HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 2)}`,
    );
    await pause(2 * LIMIT);
    socket.write(body.slice(2));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
    await pause(2 * LIMIT);
    expect(signal?.aborted).toBe(false);
  });
});
