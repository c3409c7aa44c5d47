import { isIP } from 'node:net';
import { baseUrlProblem, isHost, toBaseUrl } from './addresses.js';
import type { HttpSettings } from './configuration.js';
import { splitList } from './environment.js';
import { Required, type Rule, Setting, Variables, wholeNumber } from './variables.js';

const PORT = { from: 0, to: 65535, fallback: 3000 };
const PUBLIC_URL =
  'Set PUBLIC_URL to the https address where browsers reach the service, such as https://passkeys.example.com';
const MAX_HOPS = 32;
const NETWORK_NAMES = new Set(['loopback', 'linklocal', 'uniquelocal']);
const TRUST_PROXY =
  `Set TRUST_PROXY to the number of proxies in front of the service (1 to ${MAX_HOPS}) or to a comma list of their ` +
  'IP addresses or networks, such as 10.0.0.0/8, or of loopback, linklocal and uniquelocal';

const host: Rule<HttpVariables> = (text, { defaultHost }) =>
  isHost(text)
    ? undefined
    : `Set HOST to the IP address or host name to listen on, without a port, such as ${defaultHost}.`;

const publicUrl: Rule<unknown> = (text) => {
  const problem = baseUrlProblem(text, 'localhost');
  return problem === undefined ? undefined : `${PUBLIC_URL}${problem}.`;
};

const trustProxy: Rule<unknown> = (text, group, name) => {
  if (/^\d+$/.test(text)) return wholeNumber({ from: 1, to: MAX_HOPS, fallback: 1 })(text, group, name);
  if (text === 'true') return `${TRUST_PROXY}: true would believe any address that a caller claims.`;
  return splitList(text).every(isNetwork) ? undefined : `${TRUST_PROXY}; unset it if there is none.`;
};

/** Where the service listens, and how browsers reach it; port 0 asks for any free port. */
export class HttpVariables extends Variables<HttpSettings> {
  @Setting(host)
  HOST?: string;

  @Setting(wholeNumber(PORT))
  PORT?: string;

  @Required<HttpVariables>(`${PUBLIC_URL}.`, ({ env }) => env.isProduction)
  @Setting(publicUrl)
  PUBLIC_URL?: string;

  @Setting(trustProxy)
  TRUST_PROXY?: string;

  get defaultHost(): string {
    return this.env.isProduction ? '0.0.0.0' : '127.0.0.1';
  }

  /** The host, also if another setting is wrong. */
  get host(): string {
    return this.HOST !== undefined && isHost(this.HOST) ? this.HOST : this.defaultHost;
  }

  toSettings(): HttpSettings {
    const port = Number(this.PORT ?? PORT.fallback);
    const url = this.PUBLIC_URL === undefined ? `http://localhost:${port}` : toBaseUrl(this.PUBLIC_URL);
    const text = this.TRUST_PROXY;
    const proxies = text !== undefined && (/^\d+$/.test(text) ? Number(text) : splitList(text));
    return { host: this.host, port, publicUrl: url, trustProxy: proxies };
  }
}

/** Whether a text is an IP address, a CIDR block of at least one bit, or a name that Fastify has for some of them. */
export function isNetwork(text: string): boolean {
  if (NETWORK_NAMES.has(text)) return true;
  const [address = '', prefix, ...rest] = text.split('/');
  const version = address.includes('%') ? 0 : isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  // Fastify refuses /0 as well: it would mean everybody.
  return /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (version === 6 ? 128 : 32);
}
