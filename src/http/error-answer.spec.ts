import { ERROR_TABLE, type ErrorCode } from '../errors/error-table.js';
import { answerOf } from './error-answer.js';

const CODES = Object.keys(ERROR_TABLE) as ErrorCode[];
/** Codes for which the Flex protocol has a sentence of its own. */
const WORDED: Partial<Record<ErrorCode, string>> = {
  device_not_found: 'The device does not exist.',
  invalid_nonce: 'nonce is invalid, expired, or cannot be found',
};

describe('answerOf', () => {
  const problem = (code: ErrorCode, detail?: string) =>
    answerOf({ code, detail }, { isFlex: false, requestId: 'request-1' });
  const flex = (code: ErrorCode, detail?: string) =>
    answerOf({ code, detail }, { isFlex: true, requestId: 'request-1' });

  it.each(CODES)('words %s alike on both edges, with a full stop on Flex alone', (code) => {
    const { title } = problem(code).body;
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(flex(code).body.error).toBe(WORDED[code] ?? `${String(title)}.`);
  });

  it('answers too_many_passkeys with 409 on our API and with 403 on Flex', () => {
    expect(problem('too_many_passkeys')).toStrictEqual({
      status: 409,
      type: 'application/problem+json; charset=utf-8',
      body: {
        type: 'about:blank',
        title: 'The user has too many passkeys',
        status: 409,
        code: 'too_many_passkeys',
        requestId: 'request-1',
      },
    });
    expect(flex('too_many_passkeys')).toStrictEqual({
      status: 403,
      type: 'application/json; charset=utf-8',
      body: { code: 'operation_not_allowed', error: 'The user has too many passkeys.' },
    });
  });

  it('adds a detail to the title on our API, and replaces the sentence with it on Flex', () => {
    const detail = 'The body is not well-formed JSON.';
    expect(problem('invalid_request', detail).body).toMatchObject({
      title: 'The request is malformed',
      detail,
    });
    expect(flex('invalid_request', detail).body).toStrictEqual({ code: 'invalid_request', error: detail });
  });
});
