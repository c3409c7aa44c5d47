import type { ErrorCode } from '../errors/app-error.js';

/** How our own API names a failure in RFC 9457 problem details. */
export interface Problem {
  readonly status: number;
  readonly title: string;
}

/** The status and title of every failure; the `code` member is the failure's own. */
export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is malformed' },
  route_not_found: { status: 404, title: 'There is no such route' },
  method_not_allowed: { status: 405, title: 'The route does not answer to this method' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  unsupported_media_type: { status: 415, title: 'The body must be application/json' },
  misdirected_request: { status: 421, title: 'This server does not answer to that host name' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  access_denied: { status: 403, title: 'Access is denied' },
  missing_token: { status: 401, title: 'A token is required' },
  invalid_token: { status: 401, title: 'The token is invalid' },
  invalid_api_key: { status: 401, title: 'The API key is missing or invalid' },
  app_not_found: { status: 404, title: 'The app does not exist' },
  user_not_found: { status: 404, title: 'The user does not exist' },
  user_not_active: { status: 403, title: 'The user is not active' },
  user_has_no_passkeys: { status: 409, title: 'The user has no passkeys' },
  device_not_found: { status: 404, title: 'The passkey does not exist' },
  too_many_passkeys: { status: 409, title: 'The user has too many passkeys' },
  transaction_not_found: { status: 404, title: 'The transaction does not exist' },
  registration_refused: { status: 400, title: 'The registration could not be verified' },
  authentication_refused: { status: 401, title: 'The sign-in could not be verified' },
  discoverable_authentication_refused: { status: 401, title: 'The sign-in could not be verified' },
  invalid_nonce: { status: 401, title: 'The nonce is invalid, expired or spent' },
  token_keys_unavailable: { status: 503, title: 'Tokens cannot be verified at the moment' },
  provider_unavailable: { status: 503, title: 'The passkey provider is out of reach' },
  database_unavailable: { status: 503, title: 'The service is out of reach of its database' },
  internal_error: { status: 500, title: 'Something went wrong' },
} satisfies Record<ErrorCode, Problem>;
