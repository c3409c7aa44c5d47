import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import validator from 'validator/lib/isFQDN.js';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** Whether a host, bracketed or not, is this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(name);
  return version === 0 ? name === 'localhost' : loopback.check(name, version === 6 ? 'ipv6' : 'ipv4');
}

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** Azure's metadata and DNS, the same from every machine there, though its range is a public one. */
const AZURE_WIRE_SERVER = '168.63.129.16';
const PRIVATE = new Set(['private', 'uniqueLocal', 'loopback']);

/**
 * Whether an IP address, without brackets, is one of the public internet: of no special-purpose range (RFC 6890), such as
 * private, loopback, link-local (metadata services) and carrier-grade NAT, and not an IPv6 form of an IPv4 address
 * (mapped, NAT64, 6to4, Teredo).
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0 || address === AZURE_WIRE_SERVER) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_UNICAST);
}

/** Whether an IP address, without brackets, is this machine's or one of a private network (RFC 1918, RFC 4193). */
export const isPrivateAddress = (address: string): boolean =>
  isIP(address) !== 0 && PRIVATE.has(ipaddr.parse(address).range());

/** The host of a URL as Node connects to it: an IPv6 address without its brackets. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** Whether a text is an IP address, without brackets, or a host name of any number of labels. */
export const isHost = (text: string): boolean =>
  isIP(text) !== 0 || validator.default(text, { require_tld: false });

/**
 * What is wrong with a base URL, as the end of a sentence that says what it is to be: it has to be https, or http on
 * loopback where `isHttpAllowed`, which `httpIsFor` words. Undefined if nothing is wrong.
 */
export function baseUrlProblem(text: string, httpIsFor: string, isHttpAllowed = true): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return '';
  if (url.protocol === 'http:' && !(isHttpAllowed && isLoopback(url.hostname))) {
    return ` (http is for ${httpIsFor} only)`;
  }
  if (url.username || url.password) return ', without user name and password';
  return /[?#]/.test(text) ? ', without a query or a fragment' : undefined;
}

/** A base URL without the slash at its end. */
export function toBaseUrl(text: string): string {
  const { origin, pathname } = new URL(text);
  return origin + pathname.replace(/\/+$/, '');
}
