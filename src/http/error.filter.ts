import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ERROR_TABLE } from '../errors/error-table.js';
import { Unavailable } from '../errors/unavailable.js';
import { logOutsideHooks } from './access-log.js';
import { answerOf } from './error-answer.js';
import { type Failure, failureOf, type FindOutage } from './failure.js';
import { RequestContext } from './request-context.js';
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
    // What fails because the request was given up has its answer, if only under way.
    if (request.trace.signal.aborted) return;
    const error = request.is404 ? this.unmatched.explain(thrown, request, reply) : thrown;
    render(failureOf(error, this.findOutage), request, reply);
  }
}

/** Answers a request that fails before a route is found, and so before any hook, as one with a malformed URL. */
export function renderUnrouted(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  request.trace = new RequestContext(request);
  logOutsideHooks(request, reply);
  renderError(thrown, request, reply);
}

/** Answers a request that failed outside of Nest, with an error that is no outage of the database. */
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
  if (status === 401 && !isFlex) void reply.header('www-authenticate', challengeFor(failure));
  void reply.status(status).header('content-type', type).send(body);
}

/** Tells a token that was refused from a missing one (RFC 6750 §3), and from one of too old a sign-in (RFC 9470 §3). */
function challengeFor({ code, stepUp }: Failure): string {
  if (code === 'insufficient_user_authentication') {
    const { maxAge, acrValues } = stepUp ?? {};
    return [
      `Bearer error="${code}"`,
      ...(acrValues ? [`acr_values="${acrValues.join(' ')}"`] : []),
      ...(maxAge === undefined ? [] : [`max_age="${maxAge}"`]),
    ].join(', ');
  }
  return code === 'invalid_token' ? 'Bearer error="invalid_token"' : 'Bearer';
}

/** Adds code and reason to the access log's line; logs an outage as a warning, and a bug as an error with its stack. */
function record(failure: Failure, request: FastifyRequest): void {
  const { code, reason, cause } = failure;
  request.trace.failure = { code, ...(reason !== code && { reason }) };
  if (code === 'internal_error') request.log.error({ err: describe(cause) }, 'unexpected error');
  if (failure instanceof Unavailable) {
    request.log.warn({ code, reason, cause: nameAndCode(cause) }, ERROR_TABLE[failure.code].sentence);
  }
}

/** Also errors of another realm, and what only looks like one. */
type ErrorLike = Partial<Error> & Readonly<Record<string, unknown>>;

const asError = (thrown: unknown): ErrorLike | null =>
  typeof thrown === 'object' && thrown !== null ? (thrown as ErrorLike) : null;

/** What may be logged of an unexpected error: not PostgreSQL's messages, which quote the values that failed. */
function describe(thrown: unknown): unknown {
  const error = asError(thrown);
  if (!error || !quotesValues(error)) return thrown;
  const { name, code, table, constraint, routine, cause } = error;
  const stack = error.stack?.split('\n').filter((line) => /^ +at /.test(line));
  return { type: name, code, table, constraint, routine, stack: stack?.join('\n'), cause: describe(cause) };
}

const quotesValues = (error: ErrorLike | null): boolean =>
  error !== null && ('severity' in error || quotesValues(asError(error.cause)));

/** What may be logged of an outage: the first code in the chain of causes, such as `ECONNREFUSED` or an SQLSTATE. */
function nameAndCode(thrown: unknown): { name?: string | undefined; code?: string } | undefined {
  const error = asError(thrown);
  if (!error) return undefined;
  const { name, code, cause } = error;
  if (typeof code === 'string') return { name, code };
  return nameAndCode(cause) ?? { name };
}
