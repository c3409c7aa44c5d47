import { ERROR_TABLE, type ErrorRow } from '../errors/error-table.js';
import type { Failure } from './failure.js';

/** How a failure is told to a client. */
export interface ErrorAnswer {
  readonly status: number;
  /** The value of `Content-Type`. */
  readonly type: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A failure in the shape of its edge: `{code, error, reason?}` of the Flex protocol, or RFC 9457 problem details. */
export function answerOf(
  { code, detail, told, stepUp }: Pick<Failure, 'code' | 'detail' | 'told' | 'stepUp'>,
  { isFlex, requestId }: { readonly isFlex: boolean; readonly requestId: string },
): ErrorAnswer {
  const { status, sentence: title, flex }: ErrorRow = ERROR_TABLE[code];
  if (isFlex) {
    return {
      status: flex.status ?? status,
      type: 'application/json; charset=utf-8',
      body: { code: flex.code, error: detail ?? flex.sentence ?? `${title}.`, ...(told && { reason: told }) },
    };
  }
  return {
    status,
    type: 'application/problem+json; charset=utf-8',
    body: {
      type: 'about:blank',
      title,
      status,
      ...(detail && { detail }),
      code,
      ...(stepUp && { stepUp }),
      requestId,
    },
  };
}
