import { isIP } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';
import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { HttpSettings } from '../config/configuration.js';

/** An address as some proxies write it: `[2001:db8::1]`, `[2001:db8::1]:443` or `203.0.113.7:443`. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/;
const MAX_JUDGED = 1_000; // addresses

/**
 * `TRUST_PROXY` as Fastify's `trustProxy`. By hand, because Fastify asks about each entry of `X-Forwarded-For` as it is
 * written, and an entry with a port would never be trusted. A number counts proxies from this process outwards: each of
 * them is believed about the one before it. For networks, the answer for an address is remembered: nearly all requests come
 * from the same few proxies.
 */
export function trustedProxies(
  trust: HttpSettings['trustProxy'],
): false | ((address: string, hop: number) => boolean) {
  if (trust === false) return false;
  if (typeof trust === 'number') return (_address, hop) => hop < trust;
  const isWithin = proxyAddr.compile([...trust]);
  const judged = new LRUCache<string, boolean>({
    max: MAX_JUDGED,
    memoMethod: (text) => {
      const address = addressIn(text);
      return address !== null && isWithin(address, 0);
    },
  });
  return (text) => judged.memo(text);
}

/**
 * The caller's IP address, from `X-Forwarded-For` as far as `TRUST_PROXY` allows: without port and zone, IPv6 in its
 * shortest form and IPv4 always as such. Where that is not an address, the one of the connection.
 */
export function clientAddress({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  return addressIn(ip) ?? addressIn(socket.remoteAddress ?? '') ?? '';
}

/** The network of an address: an IPv4 address itself, or an IPv6 /64, as one subscriber has all addresses of it. */
export const networkOf = ({ trace: { address } }: Pick<FastifyRequest, 'trace'>): string =>
  normalizeIP(address, 64);

function addressIn(text: string): string | null {
  const [, bracketed, dotted] = WITH_PORT.exec(text) ?? [];
  const address = bracketed ?? dotted ?? text;
  return isIP(address) === 0 ? null : normalizeIP(address, 128);
}
