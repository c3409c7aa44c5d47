import { isFQDN } from 'class-validator';
import { isIP } from 'node:net';
import type { HttpSettings } from './configuration.js';
import type { EnvironmentReader } from './environment-reader.js';
import { isLoopback } from './loopback.js';
import { readTrustProxy } from './trust-proxy.js';

const DEFAULT_PORT = 3000;
const PUBLIC_URL_SENTENCE =
  'Set PUBLIC_URL to the https address where browsers reach the service, such as https://passkeys.example.com';

/** `HOST`, `PORT`, `PUBLIC_URL` and `TRUST_PROXY`; port 0 asks for any free port. */
export function readHttpSettings(reader: EnvironmentReader): HttpSettings {
  const host = readHost(reader);
  const port = reader.wholeNumber('PORT', { from: 0, to: 65535, fallback: DEFAULT_PORT });
  return { host, port, publicUrl: readPublicUrl(reader, port), trustProxy: readTrustProxy(reader) };
}

function readHost(reader: EnvironmentReader): string {
  const fallback = reader.isProduction ? '0.0.0.0' : '127.0.0.1';
  const host = reader.text('HOST') ?? fallback;
  if (isIP(host) !== 0 || isFQDN(host, { require_tld: false })) return host;
  reader.report(`Set HOST to the IP address or host name to listen on, without a port, such as ${fallback}.`);
  return fallback;
}

function readPublicUrl(reader: EnvironmentReader, port: number): string {
  const fallback = `http://localhost:${port}`;
  const text = reader.text('PUBLIC_URL');
  if (text === undefined) {
    if (reader.isProduction) reader.report(`${PUBLIC_URL_SENTENCE}.`);
    return fallback;
  }
  const url = URL.parse(text);
  const problem = url ? findProblem(url, text) : '';
  if (url && problem === undefined) return url.origin + url.pathname.replace(/\/+$/, '');
  reader.report(`${PUBLIC_URL_SENTENCE}${problem}.`);
  return fallback;
}

/** How the sentence goes on; undefined if nothing is wrong. */
function findProblem(url: URL, text: string): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return '';
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) return ' (http is for localhost only)';
  if (url.username || url.password) return ', without user name and password';
  if (/[?#]/.test(text)) return ', without a query or a fragment';
  return undefined;
}
