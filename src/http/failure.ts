import { HttpException } from '@nestjs/common';
import { AppError, type StepUpChallenge } from '../errors/app-error.js';
import type { ErrorCode } from '../errors/error-table.js';
import { Refusal } from '../errors/refusal.js';
import { Unavailable } from '../errors/unavailable.js';

/** How a request failed, for its answer and for the log. */
export interface Failure {
  readonly code: ErrorCode;
  /** Why, as a stable code for the log; the code itself if nothing more is known. */
  readonly reason: string;
  /** A sentence for the caller instead of the code's usual one. */
  readonly detail?: string | undefined;
  /** A reason that the caller may know, beside the code. */
  readonly told?: string | undefined;
  /** Seconds. */
  readonly retryAfter?: number | undefined;
  /** How the user may prove again who they are. */
  readonly stepUp?: StepUpChallenge | undefined;
  readonly cause?: unknown;
}

/** Recognizes an outage in what was thrown; null for any other error. */
export type FindOutage = (thrown: unknown) => Unavailable | null;

const BY_STATUS = {
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
} as const;

/** A refusal is a 4xx, an outage a 503, and anything else a bug: `internal_error`. */
export function failureOf(thrown: unknown, findOutage: FindOutage): Failure {
  if (thrown instanceof AppError || thrown instanceof Unavailable) return thrown;
  if (thrown instanceof Refusal) return new AppError('invalid_request', { cause: thrown });
  const code = codeOfStatus(thrown);
  if (code) return new AppError(code, { cause: thrown });
  return findOutage(thrown) ?? { code: 'internal_error', reason: 'internal_error', cause: thrown };
}

/** The code of errors that are about the request: Nest's and Fastify's own. */
function codeOfStatus(thrown: unknown): (typeof BY_STATUS)[keyof typeof BY_STATUS] | undefined {
  return BY_STATUS[statusOf(thrown) as keyof typeof BY_STATUS];
}

function statusOf(thrown: unknown): number {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const { code, statusCode } = (thrown ?? {}) as { readonly code?: unknown; readonly statusCode?: unknown };
  if (typeof statusCode !== 'number') return 0;
  const isFastifys = typeof code === 'string' && code.startsWith('FST_ERR_');
  // A client that hangs up while it sends its body has an error code of the network's, which is not the database's.
  return isFastifys || statusCode < 500 ? statusCode : 0;
}
