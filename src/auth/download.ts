import { lookup, type LookupAddress } from 'node:dns';
import { get as getByHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { get as getByHttps } from 'node:https';
import { isIP } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { hostOf } from '../config/addresses.js';

const TIMEOUT = 5_000; // ms, for the whole answer
const MAX_BYTES = 256 * 1024;

/** What went wrong; a redirect, which is never followed, counts as unreachable. */
export type DownloadProblem = 'unreachable' | 'address_refused' | 'refused' | 'too_large';

/** Why a document cannot be had. */
export class DownloadError extends Error {
  constructor(
    readonly problem: DownloadProblem,
    options?: ErrorOptions,
  ) {
    super(problem, options);
    this.name = 'DownloadError';
  }
}

/** Which IP addresses, without brackets, may be connected to. */
export type AddressRule = (address: string) => boolean;

/**
 * The text of a document at an http or https URL, without the byte order mark at its start: at most 256 kB, within 5 s,
 * without redirects. With a rule, every address of the host has to keep to it: the connection is made to those that were
 * judged, and past any proxy. Throws a `DownloadError`.
 */
export async function download(url: URL, rule: AddressRule | null): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT);
  try {
    return await read(await request(url, { signal, ...(rule && onlyTo(url, rule)) }));
  } catch (error) {
    throw error instanceof DownloadError ? error : new DownloadError('unreachable', { cause: error });
  }
}

function onlyTo(url: URL, rule: AddressRule): RequestOptions {
  const host = hostOf(url);
  // Node looks up names alone.
  if (isIP(host) !== 0 && !rule(host)) throw new DownloadError('address_refused');
  // Without an agent of its own it might be sent over a connection that was made without the rule.
  return { agent: false, lookup: lookupBy(rule) };
}

/** Finds the addresses of a name as Node does, and fails if one of them breaks the rule. */
const lookupBy =
  (rule: AddressRule): NonNullable<RequestOptions['lookup']> =>
  (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error) return done(error, []);
      if (found.length === 0 || !found.every(({ address }) => rule(address))) {
        return done(new DownloadError('address_refused'), []);
      }
      if (options.all) done(null, found);
      else done(null, found[0]!.address, found[0]!.family);
    });
  };

function request(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  const headers = { accept: 'application/json', 'accept-encoding': 'gzip, br', 'user-agent': 'Keyway' };
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getByHttps : getByHttp;
    get(url, { ...options, headers }, resolve).on('error', reject);
  });
}

async function read(response: IncomingMessage): Promise<string> {
  const { statusCode = 0 } = response;
  if (statusCode !== 200) {
    response.destroy();
    throw new DownloadError(statusCode >= 300 && statusCode < 400 ? 'unreachable' : 'refused');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  // Counted as decoded, so that a small compressed answer cannot become a large one.
  for await (const chunk of decoded(response) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new DownloadError('too_large');
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function decoded(response: IncomingMessage): Readable {
  const decoder = decoderOf(response.headers['content-encoding']?.toLowerCase());
  // Errors of either end reach the reader of the decoder.
  return decoder ? pipeline(response, decoder, () => undefined) : response;
}

function decoderOf(encoding: string | undefined) {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  return encoding === 'br' ? createBrotliDecompress() : undefined;
}
