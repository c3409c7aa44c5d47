import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ERROR_TABLE, type ErrorCode } from '../errors/error-table.js';
import { Unavailable } from '../errors/unavailable.js';
import { answerOf } from './error-answer.js';
import { type Failure, failureOf, type FindOutage } from './failure.js';
import { isFlexTarget } from './request-target.js';
import { UnmatchedRoutes } from './unmatched-route.js';

/** The one place where failures become answers: `{code, error}` on Flex paths, problem details everywhere else. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly unmatched: UnmatchedRoutes,
    private readonly findOutage: FindOutage,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = request.is404 ? this.unmatched.explain(thrown, request, reply) : thrown;
    render(failureOf(error, this.findOutage), request, reply);
  }
}

/** Answers a request that fails before a route is found, and so before anything could be out of reach. */
export function renderError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  render(
    failureOf(thrown, () => null),
    request,
    reply,
  );
}

function render(failure: Failure, request: FastifyRequest, reply: FastifyReply): void {
  record(failure, request);
  const isFlex = isFlexTarget(request.url);
  const { status, type, body } = answerOf(failure, { isFlex, requestId: request.id });
  if (failure.retryAfter !== undefined) void reply.header('retry-after', failure.retryAfter);
  if (status === 401 && !isFlex) void reply.header('www-authenticate', challengeFor(failure.code));
  void reply.status(status).header('content-type', type).send(body);
}

/** RFC 6750 §3: a token that was presented and refused is told apart from none. */
const challengeFor = (code: ErrorCode): string =>
  code === 'invalid_token' ? 'Bearer error="invalid_token"' : 'Bearer';

/** A refusal stands in the access log alone, an outage is a warning besides, and a bug an error with its stack. */
function record(failure: Failure, request: FastifyRequest): void {
  const { code, reason, cause } = failure;
  if (request.trace) request.trace.failure = { code, ...(reason !== code && { reason }) };
  if (code === 'internal_error') request.log.error({ err: describe(cause) }, 'unexpected error');
  if (failure instanceof Unavailable) {
    request.log.warn({ code, reason, cause: nameAndCode(cause) }, ERROR_TABLE[failure.code].sentence);
  }
}

/** What was thrown, if it can be an error at all. */
type ErrorLike = Partial<Error> & Readonly<Record<string, unknown>>;

const asError = (thrown: unknown): ErrorLike | null =>
  typeof thrown === 'object' && thrown !== null ? (thrown as ErrorLike) : null;

/** What the log may say of an unexpected error: PostgreSQL's own words quote the values that it failed on. */
function describe(thrown: unknown): unknown {
  const error = asError(thrown);
  if (!error || !quotesValues(error)) return thrown;
  const { name, code, table, constraint, routine, cause } = error;
  const stack = error.stack?.split('\n').filter((line) => /^ +at /.test(line));
  return { type: name, code, table, constraint, routine, stack: stack?.join('\n'), cause: describe(cause) };
}

const quotesValues = (error: ErrorLike | null): boolean =>
  error !== null && ('severity' in error || quotesValues(asError(error.cause)));

/** What the log may say of an outage: the first code on the way down, such as `ECONNREFUSED` or an SQLSTATE. */
function nameAndCode(thrown: unknown): { name?: string | undefined; code?: string } | undefined {
  const error = asError(thrown);
  if (!error) return undefined;
  const { name, code, cause } = error;
  if (typeof code === 'string') return { name, code };
  return nameAndCode(cause) ?? { name };
}
