import type { HttpAnswer } from './http-answer.js';

/** The protocol's table of errors: which codes a status may have. */
const TABLE: Readonly<Record<number, readonly string[]>> = {
  400: ['invalid_request'],
  401: ['invalid_access_token', 'invalid_nonce', 'webauthn_login_failed', 'discoverable_login_failed'],
  403: ['operation_not_allowed', 'cannot_create_transaction', 'user_not_active'],
  404: [
    'invalid_request',
    'app_not_found',
    'user_not_found',
    'device_not_found',
    'transaction_not_found',
    'webhook_not_found',
  ],
  405: ['invalid_request'],
  409: ['user_has_no_passkeys', 'external_id_conflict', 'too_many_webhooks'],
  413: ['invalid_request'],
  415: ['invalid_request'],
  429: ['exceeded_attempts'],
  500: ['internal_server_error'],
  503: ['internal_server_error'],
};

/** The answer's `status code`, once it is certain that it is an error exactly as the protocol has it. */
export function flexError(answer: HttpAnswer): string {
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  const { code, error, ...rest } = answer.as<{ code: string; error: string; reason?: string }>();
  if (code === 'cannot_create_transaction') expect(rest).toEqual({ reason: expect.any(String) as string });
  else if (rest.reason === undefined) expect(rest).toEqual({});
  else expect([code, rest]).toEqual(['discoverable_login_failed', { reason: 'unknown_credential' }]);
  expect(error).toEqual(expect.any(String));
  expect(error).not.toBe('');
  expect(TABLE[answer.status]).toContain(code);
  return `${answer.status} ${code}`;
}
