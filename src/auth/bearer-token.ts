import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { isRepeated } from '../http/repeated-header.js';
import { TokenRefusal } from './token-refusal.js';

const MAX_TOKEN = 16 * 1024; // characters
const SCHEME = /^bearer(?: +|$)/i;
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * The compact JWS of the one `Authorization: Bearer` header (RFC 6750 §2.1); nothing else of the request is read.
 * Throws `AppError('missing_token')` where there is none, and a `TokenRefusal` where it cannot be a signed token.
 */
export function bearerToken({ headers, raw }: Pick<FastifyRequest, 'headers' | 'raw'>): string {
  const header = headers.authorization;
  const scheme = header === undefined ? null : SCHEME.exec(header);
  if (header === undefined || !scheme) throw new AppError('missing_token');
  if (isRepeated(raw, 'authorization')) throw new TokenRefusal('several_authorization_headers');
  const token = header.slice(scheme[0].length);
  if (token.length > MAX_TOKEN) throw new TokenRefusal('token_too_long');
  if (!COMPACT_JWS.test(token)) throw new TokenRefusal('malformed_token');
  return token;
}
