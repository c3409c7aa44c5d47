import { isIP } from 'node:net';
import type { HttpSettings } from './configuration.js';
import { type EnvironmentReader, splitList } from './environment-reader.js';

const MAX_HOPS = 32;
const KEYWORDS = new Set(['loopback', 'linklocal', 'uniquelocal']);
const SENTENCE =
  `Set TRUST_PROXY to the number of proxies in front of the service (1 to ${MAX_HOPS}) or to a comma list of their ` +
  'IP addresses or networks, such as 10.0.0.0/8, or of loopback, linklocal and uniquelocal';

/** `TRUST_PROXY`: nobody, a number of hops, or networks as Fastify takes them. */
export function readTrustProxy(reader: EnvironmentReader): HttpSettings['trustProxy'] {
  const text = reader.text('TRUST_PROXY');
  if (text === undefined) return false;
  if (/^\d+$/.test(text)) return reader.wholeNumber('TRUST_PROXY', { from: 1, to: MAX_HOPS, fallback: 1 });
  if (text === 'true') {
    reader.report(`${SENTENCE}: true would believe whatever address a caller claims.`);
    return false;
  }
  const networks = splitList(text);
  if (networks.every(isNetwork)) return networks;
  reader.report(`${SENTENCE}; leave it unset if there is none.`);
  return false;
}

function isNetwork(text: string): boolean {
  if (KEYWORDS.has(text)) return true;
  const [address = '', prefix, ...rest] = text.split('/');
  const version = address.includes('%') ? 0 : isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  // Fastify refuses /0 as well: it would mean everybody.
  return /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (version === 6 ? 128 : 32);
}
