import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/;
const MAPPED = /^::ffff:([\d.]+)$/i;

/**
 * The caller's IP address, `X-Forwarded-For` heeded as far as `TRUST_PROXY` says: without the port that some proxies
 * add, and IPv4 always as such. What is no address there gives way to the address of the connection itself.
 */
export function clientAddress({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  return normalised(ip) ?? normalised(socket.remoteAddress ?? '') ?? '';
}

function normalised(text: string): string | null {
  const [, bracketed, dotted] = WITH_PORT.exec(text) ?? [];
  const address = bracketed ?? dotted ?? text;
  const [, mapped = address] = MAPPED.exec(address) ?? [];
  return isIP(mapped) ? mapped : null;
}
