import { type IncomingMessage, request as requestByHttp, type RequestOptions } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { AddressRefused, type AddressRule, onlyTo, type Resolver } from '../http/address-rule.js';
import type { DeliveryProblem } from './delivery-problem.js';

const MAX_ANSWER = 4_096; // bytes that are read, and thrown away, so that a receiver can end its answer in peace

/** What became of one attempt; `problem` is null if the receiver accepted it. Nothing is kept of what it answered. */
export interface DeliveryOutcome {
  readonly status: number | null;
  readonly problem: DeliveryProblem | null;
}

/** How an attempt is made. */
export interface DeliveryTerms {
  readonly rule: AddressRule;
  /** Milliseconds, for looking up, connecting, sending and the head of the answer. */
  readonly timeout: number;
  /** Aborted when the process has to end; the attempt then rejects with its reason. */
  readonly signal?: AbortSignal;
  readonly resolve?: Resolver;
  /** Certificates that are trusted in place of the public ones. */
  readonly ca?: string;
}

/**
 * Posts `body` to a URL, by a connection of its own to an address that was judged, without proxies and redirects. An answer
 * counts by its status, 2xx or not, as soon as its head is there.
 */
export async function post(
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  { rule, timeout, signal, resolve, ca }: DeliveryTerms,
): Promise<DeliveryOutcome> {
  const limit = AbortSignal.timeout(timeout);
  try {
    const status = await send(url, body, {
      ...onlyTo(url, rule, resolve),
      ...(ca !== undefined && { ca }),
      method: 'POST',
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Keyway',
      },
    });
    return { status, problem: problemOf(status) };
  } catch (error) {
    signal?.throwIfAborted();
    return { status: null, problem: limit.aborted ? 'timeout' : classOf(error) };
  }
}

function send(url: URL, body: string, options: RequestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestByHttps : requestByHttp;
    const sent = request(url, options, (answer) => {
      discard(answer);
      resolve(answer.statusCode ?? 0);
    });
    // Also of what goes wrong after the head of the answer, which does not count.
    sent.on('error', reject);
    // Without an error where the receiver switches protocols (101).
    sent.on('close', () => reject(new Error('The connection was closed without an answer.')));
    sent.end(body);
  });
}

function discard(answer: IncomingMessage): void {
  let size = 0;
  answer.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_ANSWER) answer.destroy();
  });
  answer.on('error', () => undefined);
}

function problemOf(status: number): DeliveryProblem | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return 'redirected';
  return status === 410 ? 'gone' : 'status';
}

const OF_NAMES = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ENODATA', 'EAI_FAIL']);
const OF_TLS = /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

function classOf(error: unknown): DeliveryProblem {
  if (error instanceof AddressRefused) return 'address_refused';
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (OF_NAMES.has(code)) return 'name_unknown';
  return OF_TLS.test(code) ? 'tls_failed' : 'connection_failed';
}
