import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import Fastify from 'fastify';
import { trustedProxies } from './client-address.js';
import { currentRequest, installRequestContext } from './request-context.js';

async function addressOf(trust: Parameters<typeof trustedProxies>[0], ...hops: string[]) {
  const [remoteAddress, ...forwarded] = hops.toReversed();
  const fastify = Fastify({ trustProxy: trustedProxies(trust) });
  installRequestContext(fastify);
  fastify.get('/', () => currentRequest()?.address);
  const headers = { 'x-forwarded-for': forwarded.toReversed().join(', ') };
  const ask = async () => (await fastify.inject({ url: '/', remoteAddress: remoteAddress!, headers })).body;
  const first = await ask();
  // What was judged once is judged the same way again.
  expect(await ask()).toBe(first);
  return first;
}

describe('the address of a client', () => {
  it.each([
    ['no proxy is trusted', false, ['203.0.113.1', '127.0.0.1'], '127.0.0.1'],
    ['one hop is trusted', 1, ['198.51.100.9', '203.0.113.1', '192.0.2.1'], '203.0.113.1'],
    [
      'its proxy is on the loopback',
      ['loopback'],
      ['198.51.100.9', '203.0.113.1', '127.0.0.1'],
      '203.0.113.1',
    ],
    [
      'its proxies are in two networks',
      ['10.0.0.0/8', '::1'],
      ['203.0.113.1', '10.1.2.3', '::1'],
      '203.0.113.1',
    ],
    ['the proxy is not in the networks', ['10.0.0.0/8'], ['203.0.113.1', '192.0.2.1'], '192.0.2.1'],
    [
      'a client claims to be a trusted proxy',
      ['10.0.0.0/8'],
      ['10.9.9.9', '192.0.2.1', '10.1.2.3'],
      '192.0.2.1',
    ],
    ['IPv4 comes mapped into IPv6', ['10.0.0.0/8'], ['203.0.113.1', '::ffff:10.1.2.3'], '203.0.113.1'],
    ['the address has a port', ['loopback'], ['203.0.113.1:4711', '127.0.0.1'], '203.0.113.1'],
  ] as const)('is determined correctly where %s', async (_case, trust, hops, address) => {
    expect(await addressOf(trust, ...hops)).toBe(address);
  });

  it('is still known after the client has closed the connection', async () => {
    const fastify = Fastify();
    installRequestContext(fastify);
    const address = new Promise((resolve) => {
      fastify.get('/', async ({ raw }) => {
        const hungUp = once(raw.socket, 'close');
        caller.destroy();
        await hungUp;
        resolve(currentRequest()?.address);
        return '';
      });
    });
    await fastify.listen({ host: '127.0.0.1', port: 0 });
    const caller = connect((fastify.server.address() as AddressInfo).port, '127.0.0.1');
    caller.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await address).toBe('127.0.0.1');
    await fastify.close();
  });
});
