import type { FastifyInstance } from 'fastify';
import { parse } from 'secure-json-parse';
import { AppError } from '../errors/app-error.js';

/** Bytes; the largest body that any route reads. */
export const MAX_BODY = 64 * 1024;
const MAX_DEPTH = 16;
/** Far above what any client sends; a body of nothing but small values would keep the validation busy for long. */
const MAX_VALUES = 1_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads `application/json` bodies as UTF-8 and refuses what no honest client sends and the layers below trip over:
 * members named `__proto__` or `constructor`, nesting beyond 16 levels, more than 1000 values, U+0000 and lone surrogates.
 * An empty body is no body.
 */
export function installJsonBody(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: MAX_BODY },
    (_request, body, done) => {
      try {
        done(null, body.length === 0 ? undefined : parseJsonBody(body as Buffer));
      } catch (error) {
        done(error as Error);
      }
    },
  );
}

/** Throws `invalid_request`, whose detail says what is wrong. */
function parseJsonBody(body: Uint8Array): unknown {
  const value = parseJson(body);
  assertHarmless(value);
  return value;
}

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
