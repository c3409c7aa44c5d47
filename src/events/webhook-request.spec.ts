import { once } from 'node:events';
import { setGlobalProxyFromEnv } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { RequestListener } from 'node:http';
import { der, extension, newKey, TestAuthority } from '../../test/support/x509.js';
import { isPublicAddress } from '../config/addresses.js';
import type { Resolver } from '../http/address-rule.js';
import { type DeliveryTerms, post } from './webhook-request.js';

const HOST = 'hooks.example.com';
const authority = new TestAuthority('Test authority');
const ca = `-----BEGIN CERTIFICATE-----\n${authority.certificate.toString('base64')}\n-----END CERTIFICATE-----`;

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, 'close');
  }
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A receiver with a certificate for a host name. */
function receiver(answer: RequestListener, name = HOST): Promise<number> {
  const key = newKey();
  const names = der('30', der('82', Buffer.from(name)));
  const [certificate] = authority.chainFor(key, { extensions: [extension('551d11', names)] });
  const cert = `-----BEGIN CERTIFICATE-----\n${certificate!.toString('base64')}\n-----END CERTIFICATE-----`;
  const pem = key.export({ type: 'pkcs8', format: 'pem' });
  return listening(createTlsServer({ key: pem, cert }, answer));
}

/** A resolver that answers each look-up with the next of some lists of addresses. */
function resolving(...answers: string[][]) {
  const asked: string[] = [];
  const resolve = ((name: string, _options: unknown, done: (error: null, found: unknown) => void) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)]!;
    asked.push(name);
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  }) as unknown as Resolver;
  return { resolve, asked };
}

const send = (port: number, terms: Partial<DeliveryTerms> = {}) =>
  post(
    new URL(`https://${HOST}:${port}/hook`),
    '{"a":"ä"}',
    { 'webhook-id': '1' },
    {
      rule: (address) => address === '127.0.0.1',
      timeout: 2_000,
      ca,
      ...resolving(['127.0.0.1']),
      ...terms,
    },
  );
const answering =
  (status: number, headers = {}): RequestListener =>
  (request, response) =>
    void request.resume().on('end', () => response.writeHead(status, headers).end('ok'));

it('posts the body and headers over a connection of its own, and takes any 2xx for accepted', async () => {
  const seen: unknown[] = [];
  const port = await receiver((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { 'webhook-id': id, host, 'content-type': type, connection } = request.headers;
      seen.push([request.method, request.url, id, host, type, connection, Buffer.concat(chunks).toString()]);
      response.writeHead(202).end();
    });
  });
  expect(await send(port)).toEqual({ status: 202, problem: null });
  expect(seen).toEqual([['POST', '/hook', '1', `${HOST}:${port}`, 'application/json', 'close', '{"a":"ä"}']]);
});

it.each([
  [400, 'status'],
  [404, 'status'],
  [410, 'gone'],
  [500, 'status'],
  [503, 'status'],
])('tells a %i by its status and the class %s', async (status, problem) => {
  const port = await receiver(answering(status));
  expect(await send(port)).toEqual({ status, problem });
});

it.each([301, 302, 303, 307, 308])('follows no redirect (%i)', async (status) => {
  let visits = 0;
  const elsewhere = await receiver((_request, response) => {
    visits += 1;
    response.end();
  });
  const location = `https://${HOST}:${elsewhere}/`;
  const port = await receiver(answering(status, { location }));
  expect(await send(port)).toEqual({ status, problem: 'redirected' });
  expect(visits).toBe(0);
});

it('gives up a receiver that accepts a connection and says nothing', async () => {
  const port = await listening(createTcpServer());
  const begun = Date.now();
  expect(await send(port, { timeout: 300 })).toEqual({ status: null, problem: 'timeout' });
  expect(Date.now() - begun).toBeLessThan(2_000);
});

it('gives up a receiver that reads the request and does not answer', async () => {
  const port = await receiver(() => undefined);
  expect(await send(port, { timeout: 300 })).toEqual({ status: null, problem: 'timeout' });
});

it('counts the status of an answer that never ends, and reads little of it', async () => {
  let done: (bytes: number) => void;
  const sent = new Promise<number>((resolve) => {
    done = resolve;
  });
  const port = await receiver((request, response) => {
    const { socket } = request;
    socket.on('close', () => done(socket.bytesWritten));
    response.writeHead(200);
    const more = setInterval(() => response.write('x'.repeat(65_536)), 5);
    response.on('close', () => clearInterval(more));
  });
  expect(await send(port)).toEqual({ status: 200, problem: null });
  expect(await sent).toBeLessThan(4_000_000);
});

it('refuses a certificate of another name, and one that nobody vouches for', async () => {
  const other = await receiver(answering(200), 'other.example.com');
  expect(await send(other)).toEqual({ status: null, problem: 'tls_failed' });
  const port = await receiver(answering(200));
  const unknown = await post(
    new URL(`https://${HOST}:${port}/`),
    '',
    {},
    {
      rule: () => true,
      timeout: 2_000,
      ...resolving(['127.0.0.1']),
    },
  );
  expect(unknown).toEqual({ status: null, problem: 'tls_failed' });
});

it('tells a port that is closed, and a name that does not exist', async () => {
  const port = await receiver(answering(200));
  const closed = servers.pop()!;
  closed.close();
  await once(closed, 'close');
  expect(await send(port)).toEqual({ status: null, problem: 'connection_failed' });
  const resolve = ((_name: string, _options: unknown, done: (error: Error) => void) =>
    done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))) as unknown as Resolver;
  expect(await send(port, { resolve })).toEqual({ status: null, problem: 'name_unknown' });
});

describe('the addresses of a name', () => {
  const rule = isPublicAddress;
  let connections: number;
  let port: number;
  beforeEach(async () => {
    connections = 0;
    const server = createTcpServer(() => (connections += 1));
    port = await listening(server);
  });

  it.each([
    ['127.0.0.1'],
    ['::1'],
    ['169.254.169.254'],
    ['10.0.0.1'],
    ['::ffff:127.0.0.1'],
    ['64:ff9b::7f00:1'],
  ])('are refused if it is %s', async (address) => {
    expect(await send(port, { rule, ...resolving([address]) })).toEqual({
      status: null,
      problem: 'address_refused',
    });
    expect(connections).toBe(0);
  });

  it('are refused if a single one of them is private', async () => {
    const mixed = resolving(['8.8.8.8', '127.0.0.1']);
    expect(await send(port, { rule, ...mixed })).toMatchObject({ problem: 'address_refused' });
    expect(connections).toBe(0);
  });

  it('are asked for once: a resolver that then answers otherwise is not heard', async () => {
    // The first answer is judged good, any later one would lead to this machine.
    const rebinding = resolving(['192.0.2.1'], ['127.0.0.1']);
    const judged: string[] = [];
    const outcome = await send(port, {
      rule: (address) => {
        judged.push(address);
        return address === '192.0.2.1';
      },
      timeout: 500,
      ...rebinding,
    });
    expect(outcome.status).toBeNull();
    expect(rebinding.asked).toEqual([HOST]);
    expect(judged).toEqual(['192.0.2.1']);
    expect(connections).toBe(0);
  });

  it('are asked for and judged anew at each attempt', async () => {
    const rebinding = resolving(['192.0.2.1'], ['127.0.0.1']);
    const first = { rule: (address: string) => address === '192.0.2.1', timeout: 300, ...rebinding };
    await send(port, first);
    expect(await send(port, first)).toEqual({ status: null, problem: 'address_refused' });
    expect(connections).toBe(0);
  });

  it('are judged as well where the URL itself has one', async () => {
    const url = new URL(`https://127.0.0.1:${port}/`);
    expect(await post(url, '', {}, { rule, timeout: 500 })).toEqual({
      status: null,
      problem: 'address_refused',
    });
    expect(connections).toBe(0);
  });
});

it('ignores proxies that the environment names', async () => {
  let proxied = 0;
  const proxy = await listening(
    createTcpServer((socket) => {
      proxied += 1;
      socket.destroy();
    }),
  );
  const port = await receiver(answering(200));
  const restore = setGlobalProxyFromEnv({
    https_proxy: `http://127.0.0.1:${proxy}`,
    http_proxy: `http://127.0.0.1:${proxy}`,
  });
  try {
    expect(await send(port)).toEqual({ status: 200, problem: null });
  } finally {
    restore();
  }
  expect(proxied).toBe(0);
});

it('rejects with the reason of its signal, when the process has to end', async () => {
  const port = await receiver(() => undefined);
  const end = new AbortController();
  const reason = new Error('The service stops.');
  setTimeout(() => end.abort(reason), 50);
  await expect(send(port, { signal: end.signal })).rejects.toBe(reason);
});

it('gives up at once on a receiver that switches protocols, which nobody asked for', async () => {
  const port = await receiver(({ socket }) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n'),
  );
  expect(await send(port)).toEqual({ status: null, problem: 'connection_failed' });
});
