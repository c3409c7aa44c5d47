import type { ErrorCode } from '../errors/app-error.js';

/** How the Flex protocol names a failure: its HTTP status, its `code` and a readable `error`. */
export interface FlexError {
  readonly status: number;
  readonly code: string;
  readonly error: string;
}

const invalid = (status: number, error: string): FlexError => ({ status, code: 'invalid_request', error });
const notFound = (noun: string): FlexError => ({
  status: 404,
  code: `${noun}_not_found`,
  error: `The ${noun} does not exist.`,
});
const unavailable = (error: string): FlexError => ({ status: 503, code: 'internal_server_error', error });

const REFUSED_SIGN_IN = 'The sign-in could not be verified.';

/** The codes of the Passage Flex protocol for every failure of ours. */
export const FLEX_ERRORS = {
  invalid_request: invalid(400, 'The request is malformed.'),
  route_not_found: invalid(404, 'There is no such route.'),
  method_not_allowed: invalid(405, 'The route does not answer to this method.'),
  payload_too_large: invalid(413, 'The body is too large.'),
  headers_too_large: invalid(431, 'The headers are too large.'),
  request_timeout: invalid(408, 'The request took too long to arrive.'),
  unsupported_media_type: invalid(415, 'The body must be application/json.'),
  misdirected_request: invalid(421, 'This server does not answer to that host name.'),
  too_many_requests: { status: 429, code: 'exceeded_attempts', error: 'Too many requests; try again later.' },
  access_denied: { status: 403, code: 'operation_not_allowed', error: 'The operation is not allowed.' },
  missing_token: { status: 401, code: 'invalid_access_token', error: 'A token is required.' },
  invalid_token: { status: 401, code: 'invalid_access_token', error: 'The token is invalid.' },
  invalid_api_key: { status: 401, code: 'invalid_access_token', error: 'The API key is missing or invalid.' },
  app_not_found: notFound('app'),
  user_not_found: notFound('user'),
  user_not_active: { status: 403, code: 'user_not_active', error: 'The user is not active.' },
  user_has_no_passkeys: { status: 409, code: 'user_has_no_passkeys', error: 'The user has no passkeys.' },
  device_not_found: notFound('device'),
  too_many_passkeys: { status: 403, code: 'operation_not_allowed', error: 'The user has too many passkeys.' },
  transaction_not_found: notFound('transaction'),
  registration_refused: invalid(400, 'The registration could not be verified.'),
  authentication_refused: { status: 401, code: 'webauthn_login_failed', error: REFUSED_SIGN_IN },
  discoverable_authentication_refused: {
    status: 401,
    code: 'discoverable_login_failed',
    error: REFUSED_SIGN_IN,
  },
  invalid_nonce: { status: 401, code: 'invalid_nonce', error: 'The nonce is invalid, expired or spent.' },
  token_keys_unavailable: unavailable('Tokens cannot be verified at the moment.'),
  provider_unavailable: unavailable('The passkey provider is out of reach.'),
  database_unavailable: unavailable('The service is out of reach of its database.'),
  internal_error: { status: 500, code: 'internal_server_error', error: 'Something went wrong.' },
} satisfies Record<ErrorCode, FlexError>;
