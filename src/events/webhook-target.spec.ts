import fc from 'fast-check';
import { WebhookTargets } from './webhook-target.js';

const production = new WebhookTargets([], true);
const refuses = (url: string, targets = production) => expect(targets.problemOf(url)).toMatch(/^(an?) /);
const accepts = (url: string, targets = production) => expect(targets.problemOf(url)).toBeUndefined();

it.each(['https://hooks.example.com/keyway?app=shop', 'https://8.8.8.8/', 'https://hooks.example.com:443/a'])(
  'accepts %s',
  (url) => accepts(url),
);

it.each([
  ['http', 'http://hooks.example.com/'],
  ['another scheme', 'ftp://hooks.example.com/'],
  ['another port', 'https://hooks.example.com:8443/'],
  ['the port of http', 'https://hooks.example.com:80/'],
  ['a user name', 'https://ada@hooks.example.com/'],
  ['a password', 'https://:secret@hooks.example.com/'],
  ['a fragment', 'https://hooks.example.com/#here'],
  ['no host', 'https:///'],
  ['no URL', 'hooks.example.com'],
  ['nothing', ''],
  ['2,049 characters', `https://hooks.example.com/${'a'.repeat(2_023)}`],
  ['a trailing dot', 'https://hooks.example.com./'],
  ['localhost', 'https://localhost/'],
])('refuses a URL with %s', (_what, url) => refuses(url));

it.each([
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.0.0.1/',
  'https://0177.0.0.1/',
  'https://017700000001/',
  'https://127.0.0.1./',
  'https://①②⑦.⓪.⓪.①/',
  'https://%31%32%37.0.0.1/',
  'https://0/',
  'https://10.0.0.1/',
  'https://172.16.0.1/',
  'https://192.168.0.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://100.64.0.1/',
  'https://168.63.129.16/',
  'https://224.0.0.1/',
  'https://255.255.255.255/',
  'https://[::]/',
  'https://[::1]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::127.0.0.1]/',
  'https://[64:ff9b::127.0.0.1]/',
  'https://[64:ff9b:1::7f00:1]/',
  'https://[2002:7f00:1::]/',
  'https://[2001:0:7f00:1::]/',
  'https://[fc00::1]/',
  'https://[fd00:ec2::254]/',
  'https://[fe80::1]/',
  'https://[ff02::1]/',
])('refuses %s, in production and outside of it', (url) => {
  refuses(url);
  refuses(url, new WebhookTargets([], false));
});

/** An IPv4 address of a range, in one of the ways that URLs have for it. */
const spelled = (first: number, rest: fc.Arbitrary<number[]>) =>
  fc
    .tuple(
      rest,
      fc.constantFrom('dec', 'oct', 'hex'),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('', '.'),
    )
    .map(([octets, base, parts, end]) => {
      const all = [first, ...octets];
      const head = all.slice(0, parts - 1);
      const tail = all.slice(parts - 1).reduce((sum, each) => sum * 256 + each, 0);
      const write = (it: number) =>
        base === 'dec' ? `${it}` : base === 'oct' ? `0${it.toString(8)}` : `0x${it.toString(16)}`;
      return [...head, tail].map(write).join('.') + end;
    });
const octet = fc.integer({ min: 0, max: 255 });
const three = fc.array(octet, { minLength: 3, maxLength: 3 });
const privateIpv4 = fc.oneof(
  spelled(0, three),
  spelled(10, three),
  spelled(127, three),
  spelled(
    192,
    fc.tuple(octet, octet).map((rest) => [168, ...rest]),
  ),
  spelled(
    169,
    fc.tuple(octet, octet).map((rest) => [254, ...rest]),
  ),
  spelled(
    172,
    fc.tuple(fc.integer({ min: 16, max: 31 }), octet, octet).map((rest) => [...rest]),
  ),
  spelled(
    100,
    fc.tuple(fc.integer({ min: 64, max: 127 }), octet, octet).map((rest) => [...rest]),
  ),
  spelled(224, three),
);

it('refuses private IPv4 addresses however they are spelled', () => {
  fc.assert(
    fc.property(
      privateIpv4,
      fc.constantFrom('https://', 'HTTPS://', 'https:\\\\', 'https:'),
      (host, scheme) => {
        expect(production.problemOf(`${scheme}${host}/hook`)).toBeDefined();
      },
    ),
    { numRuns: 3_000 },
  );
});

const group = fc.integer({ min: 0, max: 0xffff }).map((it) => it.toString(16));
const embedding = fc.constantFrom('::ffff:', '::', '64:ff9b::', '64:ff9b:1::', '2002:', '2001:0:');
const otherIpv6 = fc.constantFrom('fc', 'fd', 'fe8', 'fe9', 'fea', 'feb', 'fec', 'ff0');

it('refuses IPv6 addresses that are private or embed an IPv4 address, in all forms', () => {
  fc.assert(
    fc.property(embedding, group, group, fc.boolean(), (prefix, high, low, isUpper) => {
      const tail = prefix === '2002:' || prefix === '2001:0:' ? '::' : '';
      const host = `[${prefix}${high}:${low}${tail}]`;
      expect(production.problemOf(`https://${isUpper ? host.toUpperCase() : host}/`)).toBeDefined();
    }),
  );
  fc.assert(
    fc.property(otherIpv6, group, (prefix, low) => {
      expect(production.problemOf(`https://[${prefix.padEnd(4, '0')}::${low}]/`)).toBeDefined();
    }),
  );
});

describe('a network that is allowed', () => {
  const targets = new WebhookTargets(['10.0.0.0/8', 'fd00::/8', '192.168.7.7', '169.254.0.0/16'], true);

  it('is reached, and no other', () => {
    accepts('https://10.1.2.3/', targets);
    accepts('https://[fd12::1]/', targets);
    accepts('https://192.168.7.7/', targets);
    refuses('https://192.168.7.8/', targets);
    refuses('https://[fc00::1]/', targets);
    refuses('https://127.0.0.1/', targets);
  });

  it('never opens the addresses of metadata services, nor an IPv6 form of itself', () => {
    refuses('https://169.254.169.254/', targets);
    refuses('https://[::ffff:10.1.2.3]/', targets);
    expect(targets.rule('169.254.169.254')).toBe(false);
    expect(targets.rule('::ffff:10.1.2.3')).toBe(false);
  });

  it('is reached on port 443 over https alone', () => {
    refuses('https://10.1.2.3:8443/', targets);
    refuses('http://10.1.2.3/', targets);
  });
});

describe('loopback, where it is allowed', () => {
  it('is reached on any port and over http outside of production', () => {
    const trial = new WebhookTargets(['127.0.0.0/8'], false);
    accepts('http://127.0.0.1:3000/hook', trial);
    accepts('http://localhost:3000/hook', trial);
    refuses('http://[::1]:3000/hook', trial);
    refuses('ftp://127.0.0.1/', trial);
    refuses('http://10.0.0.1/', trial);
  });

  it('is reached on port 443 over https alone in production', () => {
    const targets = new WebhookTargets(['127.0.0.0/8'], true);
    accepts('https://127.0.0.1/', targets);
    refuses('http://127.0.0.1/', targets);
    refuses('https://127.0.0.1:3000/', targets);
    refuses('http://localhost:3000/', targets);
  });
});
