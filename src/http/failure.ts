import { HttpException } from '@nestjs/common';
import { AppError, type ErrorCode } from '../errors/app-error.js';

const RETRY_SOON = 2; // seconds

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  403: 'access_denied',
  404: 'route_not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'payload_too_large',
  414: 'route_not_found',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  431: 'headers_too_large',
};

/**
 * Network errors, and PostgreSQL's classes 08 (connection), 53 (resources), 57P (shutdown), 25P03 (idle timeout), 40P01 and
 * 40001 (given up for another transaction).
 */
const OUT_OF_REACH =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|08\w{3}|53\w{3}|57P\d\d|57014|25P03|40P01|40001)$/;
const CONNECTION_LOST =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered|Query read timeout)/;

/** Turns whatever was thrown into one of our failures; what is not foreseen is an `internal_error`. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const code = BY_STATUS[statusOf(thrown)];
  if (code) return new AppError(code, { cause: thrown });
  if (isOutOfReach(thrown))
    return new AppError('database_unavailable', { cause: thrown, retryAfter: RETRY_SOON });
  return new AppError('internal_error', { cause: thrown });
}

/** The status of errors that are about the request: Nest's and Fastify's own; 0 for any other. */
function statusOf(thrown: unknown): number {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const { code, statusCode } = asRecord(thrown);
  if (typeof statusCode !== 'number') return 0;
  const isFastifys = typeof code === 'string' && code.startsWith('FST_ERR_');
  // A client that hangs up amid its body has an error code of the network's, which is not the database's.
  return isFastifys || statusCode < 500 ? statusCode : 0;
}

function isOutOfReach(thrown: unknown): boolean {
  for (let error = thrown, depth = 0; error && depth < 5; error = asRecord(error).cause, depth++) {
    const { code, message } = asRecord(error);
    if (typeof code === 'string' && OUT_OF_REACH.test(code)) return true;
    if (typeof message === 'string' && CONNECTION_LOST.test(message)) return true;
  }
  return false;
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
