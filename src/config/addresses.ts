import { BlockList, isIP } from 'node:net';
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
