import type { AppError } from '../errors/app-error.js';
import { FLEX_ERRORS } from './flex-errors.js';
import { PROBLEMS } from './problem-details.js';

/** How a failure is told to a client. */
export interface ErrorAnswer {
  readonly status: number;
  /** The value of `Content-Type`. */
  readonly type: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A failure in the shape of its edge: `{code, error}` of the Flex protocol, or RFC 9457 problem details. */
export function answerOf(
  failure: AppError,
  { isFlex, requestId }: { readonly isFlex: boolean; readonly requestId: string },
): ErrorAnswer {
  return isFlex ? flexAnswer(failure) : problemAnswer(failure, requestId);
}

function flexAnswer(failure: AppError): ErrorAnswer {
  const { status, code, error: sentence } = FLEX_ERRORS[failure.code];
  return {
    status,
    type: 'application/json; charset=utf-8',
    body: { code, error: failure.detail ?? sentence },
  };
}

function problemAnswer({ code, detail }: AppError, requestId: string): ErrorAnswer {
  const { status, title } = PROBLEMS[code];
  return {
    status,
    type: 'application/problem+json; charset=utf-8',
    body: { type: 'about:blank', title, status, ...(detail && { detail }), code, requestId },
  };
}
