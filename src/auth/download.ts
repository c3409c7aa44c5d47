import { get as getByHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { get as getByHttps } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { AddressRefused, type AddressRule, onlyTo } from '../http/address-rule.js';

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
    if (error instanceof DownloadError) throw error;
    const problem = error instanceof AddressRefused ? 'address_refused' : 'unreachable';
    throw new DownloadError(problem, { cause: error });
  }
}

function request(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  const headers = { accept: 'application/json', 'accept-encoding': 'gzip, br', 'user-agent': 'Keyway' };
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getByHttps : getByHttp;
    const sent = get(url, { ...options, headers }, resolve);
    sent.on('error', reject);
    // Without an error where the server switches protocols (101).
    sent.on('close', () => reject(new DownloadError('unreachable')));
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
