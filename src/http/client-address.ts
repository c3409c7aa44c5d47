import { isIP, isIPv4 } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { HttpSettings } from '../config/configuration.js';

const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/;
const MAPPED = /^::ffff:([\d.]+)$/i;
const MAX_JUDGED = 1_000; // addresses

/**
 * `TRUST_PROXY` as Fastify's `trustProxy`. A number counts hops from this process outwards: that many of them may speak
 * for the next. Of networks, each address is looked for once: nearly all requests come from the same few proxies.
 */
export function trustedProxies(
  trust: HttpSettings['trustProxy'],
): false | ((address: string, hop: number) => boolean) {
  if (trust === false) return false;
  if (typeof trust === 'number') return (_address, hop) => hop < trust;
  const isWithin = proxyAddr.compile([...trust]);
  const judged = new LRUCache<string, boolean>({
    max: MAX_JUDGED,
    memoMethod: (address) => isWithin(address, 0),
  });
  return (address) => judged.memo(address);
}

/**
 * The caller's IP address, `X-Forwarded-For` heeded as far as `TRUST_PROXY` says: without the port that some proxies
 * add, and IPv4 always as such. What is no address there gives way to the address of the connection itself.
 */
export function clientAddress({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  return normalised(ip) ?? normalised(socket.remoteAddress ?? '') ?? '';
}

function normalised(text: string): string | null {
  if (isIPv4(text)) return text;
  const [, bracketed, dotted] = WITH_PORT.exec(text) ?? [];
  const address = bracketed ?? dotted ?? text;
  const [, mapped = address] = MAPPED.exec(address) ?? [];
  return isIP(mapped) ? mapped : null;
}
