import { type IncomingMessage, request as requestByHttp, type RequestOptions } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { TLSSocket } from 'node:tls';
import { isLoopback, isPrivateAddress, isPublicAddress } from '../config/addresses.js';
import { AddressRefused, onlyTo, type Resolver } from '../http/address-rule.js';

const TIMEOUT = 5_000; // ms, for the whole answer
const MAX_BYTES = 256 * 1024;

/** How the web is reached. */
export interface WebTerms {
  readonly resolve?: Resolver;
  /** Certificates that are trusted beside the public ones. */
  readonly ca?: string;
  /** Where a connection is made to instead of the port of the URL. */
  readonly portOf?: (url: URL) => number;
}

/** What a server answered. */
export interface WebAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly contentType: string;
  /** In UTF-8; null where it is longer than 256 kB. */
  readonly text: string | null;
  /** When the certificate ends; null over http. */
  readonly certificateEnds: Date | null;
}

/** Why there is no answer. `hidden`: nothing is known, as another network, or another moment, may have one. */
export interface WebProblem {
  readonly kind: 'unknown_name' | 'bad_certificate' | 'refused_address' | 'hidden';
  /** Such as `ETIMEDOUT`. */
  readonly code: string;
}

/**
 * Asks for a URL as a browser would that follows no redirect, on a connection of its own, past any proxy, and without
 * credentials. Link-local addresses, those of metadata services, are never connected to. Throws nothing.
 */
export async function ask(url: URL, terms: WebTerms = {}): Promise<WebAnswer | WebProblem> {
  const signal = AbortSignal.timeout(TIMEOUT);
  try {
    return await read(await send(url, signal, terms));
  } catch (error) {
    return problemOf(error, signal.aborted);
  }
}

/** What a person may open to see for themself, where this machine cannot. */
export const cannotTell = (url: URL, { code }: WebProblem): string =>
  isLoopback(url.hostname)
    ? `Nothing answers at ${url.origin} (${code}): start it, where it is to run on this machine.`
    : `Cannot tell from here: ${url.host} does not answer this machine (${code}), whose network may forbid it. ` +
      `Run keyway doctor where it can be reached, or open ${url.href} in a browser.`;

function send(url: URL, signal: AbortSignal, { resolve, ca, portOf }: WebTerms): Promise<IncomingMessage> {
  const options: RequestOptions & { ca?: string } = {
    ...onlyTo(url, isReachable, resolve),
    ...(ca !== undefined && { ca }),
    ...(portOf && { port: portOf(url) }),
    signal,
    headers: { host: url.host, accept: 'application/json, */*', 'user-agent': 'Keyway' },
  };
  return new Promise((done, reject) => {
    const request = url.protocol === 'https:' ? requestByHttps : requestByHttp;
    const sent = request(url, options, done);
    sent.on('error', reject);
    // Without an error where the server switches protocols (101).
    sent.on('close', () => reject(new Error('The connection was closed without an answer.')));
    sent.end();
  });
}

const isReachable = (address: string): boolean => isPublicAddress(address) || isPrivateAddress(address);

async function read(response: IncomingMessage): Promise<WebAnswer> {
  const { socket, statusCode: status = 0, headers } = response;
  const ends = socket instanceof TLSSocket ? socket.getPeerCertificate().valid_to : undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) break;
    chunks.push(chunk);
  }
  return {
    kind: 'answer',
    status,
    contentType: headers['content-type'] ?? '',
    text: size > MAX_BYTES ? null : new TextDecoder().decode(Buffer.concat(chunks)),
    certificateEnds: ends === undefined ? null : new Date(ends),
  };
}

const OF_CERTIFICATES =
  /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|INVALID_PURPOSE)/;

function problemOf(error: unknown, isLate: boolean): WebProblem {
  const { code = 'no answer' } = error as NodeJS.ErrnoException;
  if (isLate) return { kind: 'hidden', code: 'no answer within 5 s' };
  if (error instanceof AddressRefused) return { kind: 'refused_address', code };
  if (code === 'ENOTFOUND') return { kind: 'unknown_name', code };
  return { kind: OF_CERTIFICATES.test(code) ? 'bad_certificate' : 'hidden', code };
}
