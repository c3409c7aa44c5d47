import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import Fastify from 'fastify';
import { networkOf, trustedProxies } from './client-address.js';
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
    [
      'the hops that are trusted have ports',
      ['10.0.0.0/8', '2001:db8:ffff::/48'],
      ['203.0.113.1:4711', '10.1.2.3:443', '[2001:db8:ffff::1]:8443', '10.9.9.9'],
      '203.0.113.1',
    ],
    ['a trusted hop has brackets and no port', ['::1'], ['2001:db8::7', '[::1]', '::1'], '2001:db8::7'],
    ['the address has brackets', ['loopback'], ['[2001:DB8:0:0::7]:1', '127.0.0.1'], '2001:db8::7'],
    [
      'the address is IPv4 mapped in hexadecimal',
      ['loopback'],
      ['::ffff:cb00:7101', '127.0.0.1'],
      '203.0.113.1',
    ],
    [
      'a trusted hop is IPv4 mapped in brackets',
      ['10.0.0.0/8'],
      ['203.0.113.1', '[::ffff:10.1.2.3]:443', '10.9.9.9'],
      '203.0.113.1',
    ],
    ['the address has a zone', ['loopback'], ['fe80::1%eth0', '127.0.0.1'], 'fe80::1'],
    ['the forwarded text is not an address', ['loopback'], ['unknown', '127.0.0.1'], '127.0.0.1'],
    [
      'a stranger claims a proxy of ours with a port',
      ['10.0.0.0/8'],
      ['198.51.100.9', '10.9.9.9:443', '192.0.2.1:80', '10.1.2.3'],
      '192.0.2.1',
    ],
    [
      'a hop is a number that some parsers read as an address of ours',
      ['10.0.0.0/8'],
      ['198.51.100.9', '167772161', '10.1.2.3'],
      '10.1.2.3',
    ],
    [
      'a hop hides an address of ours behind a word',
      ['10.0.0.0/8'],
      ['198.51.100.9', 'x[10.9.9.9]:1', '10.1.2.3'],
      '10.1.2.3',
    ],
  ] as const)('is determined correctly where %s', async (_case, trust, hops, address) => {
    expect(await addressOf(trust, ...hops)).toBe(address);
  });

  it.each([
    ['203.0.113.1', '203.0.113.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::'],
    ['::ffff:203.0.113.1', '203.0.113.1'],
  ])('%s is in the network %s', async (remoteAddress, network) => {
    const fastify = Fastify();
    installRequestContext(fastify);
    fastify.get('/', (request) => networkOf(request));
    expect((await fastify.inject({ url: '/', remoteAddress })).body).toBe(network);
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
