import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parse } from 'secure-json-parse';
import { AppError } from '../errors/app-error.js';
import { takesSimpleRequests } from './simple-request.js';
import { PendingBody } from './pending-body.js';

const MAX_BODY = 4 * 1024; // bytes

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Bytes of the largest body that the route reads; 4 KiB without. */
    maxBody?: number;
  }
}

/** For `@RateLimited()`: the body has an attestation, which may carry certificates. */
export const CREDENTIAL_RESPONSE = { maxBody: 64 * 1024 } as const;

const limitOf = ({ routeOptions }: FastifyRequest): number => routeOptions.config.maxBody ?? MAX_BODY;

const MAX_DEPTH = 16;
/** Far above what any client sends; a body of nothing but small values would keep the validation busy for long. */
const MAX_VALUES = 1_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** By its beginning: what follows is parsed, and refused where it is malformed, by Fastify. */
const JSON_TYPE = /^\s*application\/json\s*(?:;|$)/i;
/** Whole: no client of old names another charset. */
const TEXT_TYPE = /^\s*text\/plain\s*(?:;\s*charset\s*=\s*(?:utf-8|"utf-8")\s*)?$/i;
const NOT_ENCODED = /^\s*(?:identity)?\s*$/i;

/**
 * Reads `application/json` bodies as UTF-8 and refuses what no honest client sends and the layers below trip over:
 * members named `__proto__` or `constructor`, nesting beyond 16 levels, more than 1000 values, U+0000 (which PostgreSQL
 * refuses in text) and lone surrogates. By hand, as Fastify's own parser knows only the first two. The extension results of a
 * ceremony are dropped unread.
 *
 * A body that says that it is too large is `payload_too_large` at once; the others are waited for and parsed by the pipe that
 * validates them, once the guards let the request pass. One that no pipe asks for is not looked at.
 *
 * An empty body counts as absent, with any content type. Any other type, and a compressed body, is
 * `unsupported_media_type`; but a route that takes simple requests also reads JSON that is sent as `text/plain`.
 */
export function installJsonBody(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, reply, _payload, done) => {
    if (request.is404) return done();
    const { headers } = request;
    if (Number(headers['content-length'] ?? 0) > limitOf(request)) {
      void reply.header('connection', 'close'); // What follows is not worth reading.
      return done(new AppError('payload_too_large'));
    }
    const { 'content-type': type, 'content-encoding': encoding } = headers;
    if (type === undefined && encoding === undefined) return done();
    const isAbsent = headers['transfer-encoding'] === undefined && !Number(headers['content-length'] ?? 0);
    // Fastify refuses a type that it cannot read before it knows whether a body follows: chunked, it may still be empty.
    if (type !== undefined && (isAbsent || !JSON_TYPE.test(type))) delete headers['content-type'];
    if (type !== undefined && !isAbsent && TEXT_TYPE.test(type) && takesSimpleRequests(request)) {
      headers['content-type'] = 'application/json';
    }
    if (encoding === undefined || isAbsent || NOT_ENCODED.test(encoding)) return done();
    // RFC 9110 §12.5.3: tells which codings would do.
    void reply.header('accept-encoding', 'identity');
    done(new AppError('unsupported_media_type', { detail: 'The body must not be compressed.' }));
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', (request, payload, done) => {
    done(null, request.is404 ? undefined : new PendingBody(payload, limitOf(request), parseJsonBody));
  });
  fastify.addContentTypeParser('*', (request, payload, done) => {
    if (request.is404) return done(null);
    if (request.headers['content-length'] !== undefined) return done(new AppError('unsupported_media_type'));
    done(null, new PendingBody(payload, limitOf(request), refuseType)); // Chunked, it may still be empty.
  });
}

function refuseType(): never {
  throw new AppError('unsupported_media_type');
}

/** Throws `invalid_request`, whose detail says what is wrong. */
function parseJsonBody(body: Uint8Array): unknown {
  const value = parseJson(body);
  dropExtensionResults(value);
  assertHarmless(value);
  return value;
}

/**
 * Drops `handshake_response.clientExtensionResults`, which nothing reads: outputs such as those of `prf` and `largeBlob`
 * are secrets of the page, and clients write their bytes as thousands of numbers.
 */
function dropExtensionResults(body: unknown): void {
  const response: unknown = isObject(body) ? body['handshake_response'] : undefined;
  if (isObject(response)) delete response['clientExtensionResults'];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function parseJson(body: Uint8Array): unknown {
  try {
    return parse(utf8.decode(body), { protoAction: 'error', constructorAction: 'error' });
  } catch (cause) {
    throw new AppError('invalid_request', { detail: 'The body is not well-formed JSON.', cause });
  }
}

/** Walks without recursion: a body may be nested deeper than the stack. */
function assertHarmless(root: unknown): void {
  let level: unknown[] = [root];
  let values = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw new AppError('invalid_request', { detail: 'The body is nested too deeply.' });
    values += level.length;
    if (values > MAX_VALUES)
      throw new AppError('invalid_request', { detail: 'The body holds too many values.' });
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string') assertText(value);
      else if (Array.isArray(value)) next.push(...(value as unknown[]));
      else if (typeof value === 'object' && value !== null) {
        Object.keys(value).forEach(assertName);
        next.push(...(Object.values(value) as unknown[]));
      }
    }
    level = next;
  }
}

/** class-transformer would call what it finds under `constructor`. */
function assertName(name: string): void {
  if (name === 'constructor') {
    throw new AppError('invalid_request', { detail: 'The body holds a member named constructor.' });
  }
  assertText(name);
}

function assertText(text: string): void {
  if (text.includes('\0') || !text.isWellFormed()) {
    throw new AppError('invalid_request', { detail: 'The body holds U+0000 or a lone surrogate.' });
  }
}
