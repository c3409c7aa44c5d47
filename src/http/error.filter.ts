import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError, ErrorCode } from '../errors/app-error.js';
import { answerOf } from './error-answer.js';
import { toAppError } from './failure.js';
import { isFlexTarget } from './request-target.js';
import { UnmatchedRoutes } from './unmatched-route.js';

/** The one place where failures become answers: `{code, error}` on Flex paths, problem details everywhere else. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly unmatched: UnmatchedRoutes) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    renderError(request.is404 ? this.unmatched.explain(thrown, request, reply) : thrown, request, reply);
  }
}

/** Answers a request with the failure that was thrown; also for what fails before a route is found. */
export function renderError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = toAppError(thrown);
  record(error, request);
  const isFlex = isFlexTarget(request.url);
  const { status, type, body } = answerOf(error, { isFlex, requestId: request.id });
  if (error.retryAfter !== undefined) void reply.header('retry-after', error.retryAfter);
  if (status === 401 && !isFlex) void reply.header('www-authenticate', challengeFor(error.code));
  void reply.status(status).header('content-type', type).send(body);
}

/** RFC 6750 §3: a token that was presented and refused is told apart from none. */
const challengeFor = (code: ErrorCode): string =>
  code === 'invalid_token' ? 'Bearer error="invalid_token"' : 'Bearer';

function record(error: AppError, request: FastifyRequest): void {
  const { cause, code } = error;
  // Only a code of ours is kept of a refusal: the text of what lies below may quote a challenge or a credential.
  const reason =
    cause instanceof Error && 'reason' in cause && typeof cause.reason === 'string'
      ? cause.reason
      : undefined;
  if (request.trace) request.trace.failure = { code, ...(reason && { reason }) };
  if (code === 'internal_error') request.log.error({ err: describe(cause) }, 'unforeseen failure');
  if (code === 'database_unavailable') {
    const { name, code: reported } = cause as Error & { code?: string };
    request.log.warn({ cause: { name, code: reported } }, 'database out of reach');
  }
}

/** What the log may say of an unforeseen failure: PostgreSQL's own words quote the values that it failed on. */
function describe(cause: unknown): unknown {
  if (!(cause instanceof Error) || !('severity' in cause)) return cause;
  const { name, code, table, constraint, routine } = cause as Error & Record<string, unknown>;
  const stack = cause.stack?.split('\n').filter((line) => /^ +at /.test(line));
  return { type: name, code, table, constraint, routine, stack: stack?.join('\n') };
}
