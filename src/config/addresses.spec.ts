import { isPrivateAddress, isPublicAddress } from './addresses.js';

const PRIVATE = ['10.0.0.1', '172.16.0.1', '192.168.255.255', 'fd00:ec2::254', '127.0.0.1', '::1'];

it.each(['8.8.8.8', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
  'knows %s as public',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
    expect(isPrivateAddress(address)).toBe(false);
  },
);

it.each(PRIVATE)('knows %s as private, and not as public', (address) => {
  expect(isPrivateAddress(address)).toBe(true);
  expect(isPublicAddress(address)).toBe(false);
});

it.each([
  ['this network', '0.0.0.0'],
  ['this network', '0.1.2.3'],
  ['link-local, of metadata services', '169.254.169.254'],
  ['link-local', 'fe80::1'],
  ['link-local, with a zone', 'fe80::1%eth0'],
  ['carrier-grade NAT', '100.64.0.1'],
  ['carrier-grade NAT, of metadata services', '100.100.100.200'],
  ['Azure’s metadata', '168.63.129.16'],
  ['IPv4-mapped', '::ffff:8.8.8.8'],
  ['IPv4-mapped private', '::ffff:10.0.0.1'],
  ['IPv4-compatible', '::8.8.8.8'],
  ['NAT64', '64:ff9b::808:808'],
  ['local NAT64', '64:ff9b:1::a00:1'],
  ['6to4', '2002:808:808::1'],
  ['Teredo', '2001:0:1::1'],
  ['site-local', 'fec0::1'],
  ['documentation', '2001:db8::1'],
  ['documentation', '192.0.2.1'],
  ['outside of global unicast', '4000::1'],
  ['multicast', '224.0.0.1'],
  ['multicast', 'ff02::1'],
  ['broadcast', '255.255.255.255'],
  ['unspecified', '::'],
  ['a name', 'localhost'],
  ['a name', 'example.com'],
  ['nothing', ''],
])('knows an address that is %s (%s) as neither public nor private', (_what, address) => {
  expect(isPublicAddress(address)).toBe(false);
  expect(isPrivateAddress(address)).toBe(false);
});
