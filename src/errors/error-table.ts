import type { RefusalCode } from './app-error.js';
import type { OutageCode } from './unavailable.js';

/** Every way a request can fail; `internal_error` is a bug. */
export type ErrorCode = RefusalCode | OutageCode | 'internal_error';

/** What both edges say of a failure. */
export interface ErrorRow<Status extends number = number> {
  /** HTTP status. */
  readonly status: Status;
  /** What is wrong, for people: the title of problem details, without a full stop. Flex has the same with one. */
  readonly sentence: string;
  /** How the Flex protocol names it, and its status or sentence where the protocol has another. */
  readonly flex: { readonly code: string; readonly status?: Status; readonly sentence?: string };
}

type ClientErrorStatus = 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 421 | 429 | 431;

const INVALID = { code: 'invalid_request' };
const NO_ACCESS = { code: 'invalid_access_token' };
const FAILED = { code: 'internal_server_error' };
const SIGN_IN_REFUSED = 'The sign-in could not be verified';

/** The one table of errors, from which both edges are rendered. */
export const ERROR_TABLE = {
  invalid_request: { status: 400, sentence: 'The request is malformed', flex: INVALID },
  route_not_found: { status: 404, sentence: 'The route does not exist', flex: INVALID },
  method_not_allowed: { status: 405, sentence: 'Method not allowed', flex: INVALID },
  payload_too_large: { status: 413, sentence: 'The body is too large', flex: INVALID },
  headers_too_large: { status: 431, sentence: 'The headers are too large', flex: INVALID },
  request_timeout: { status: 408, sentence: 'The request took too long to arrive', flex: INVALID },
  unsupported_media_type: { status: 415, sentence: 'The body must be application/json', flex: INVALID },
  misdirected_request: { status: 421, sentence: 'This server does not serve that host name', flex: INVALID },
  too_many_requests: {
    status: 429,
    sentence: 'Too many requests; try again later',
    flex: { code: 'exceeded_attempts' },
  },
  access_denied: {
    status: 403,
    sentence: 'The operation is not allowed',
    flex: { code: 'operation_not_allowed' },
  },
  missing_token: { status: 401, sentence: 'A token is required', flex: NO_ACCESS },
  invalid_token: { status: 401, sentence: 'The token is invalid', flex: NO_ACCESS },
  invalid_api_key: { status: 401, sentence: 'The API key is missing or invalid', flex: NO_ACCESS },
  insufficient_user_authentication: {
    status: 401,
    sentence: 'The user has to prove again who they are',
    flex: { code: 'operation_not_allowed', status: 403 },
  },
  app_not_found: { status: 404, sentence: 'The app does not exist', flex: { code: 'app_not_found' } },
  user_not_found: { status: 404, sentence: 'The user does not exist', flex: { code: 'user_not_found' } },
  user_not_active: { status: 403, sentence: 'The user is not active', flex: { code: 'user_not_active' } },
  user_has_no_passkeys: {
    status: 409,
    sentence: 'The user has no passkeys',
    flex: { code: 'user_has_no_passkeys' },
  },
  device_not_found: {
    status: 404,
    sentence: 'The passkey does not exist',
    flex: { code: 'device_not_found', sentence: 'The device does not exist.' },
  },
  external_id_missing: {
    status: 403,
    sentence: 'The token names no external ID',
    flex: { code: 'operation_not_allowed' },
  },
  external_id_conflict: {
    status: 409,
    sentence: 'The identity and the external ID are not tied to each other, and cannot be',
    flex: { code: 'external_id_conflict' },
  },
  too_many_passkeys: {
    status: 409,
    sentence: 'The user has too many passkeys',
    flex: { code: 'operation_not_allowed', status: 403 },
  },
  last_passkey: {
    status: 409,
    sentence: 'The last passkey cannot be revoked',
    flex: { code: 'operation_not_allowed', status: 403 },
  },
  transaction_not_permitted: {
    status: 403,
    sentence: 'The user can have no transaction',
    flex: { code: 'cannot_create_transaction' },
  },
  webhook_not_found: {
    status: 404,
    sentence: 'The webhook does not exist',
    flex: { code: 'webhook_not_found' },
  },
  too_many_webhooks: {
    status: 409,
    sentence: 'The app has too many webhooks',
    flex: { code: 'too_many_webhooks' },
  },
  transaction_not_found: {
    status: 404,
    sentence: 'The transaction does not exist',
    flex: { code: 'transaction_not_found' },
  },
  registration_refused: { status: 400, sentence: 'The registration could not be verified', flex: INVALID },
  authentication_refused: { status: 401, sentence: SIGN_IN_REFUSED, flex: { code: 'webauthn_login_failed' } },
  discoverable_authentication_refused: {
    status: 401,
    sentence: SIGN_IN_REFUSED,
    flex: { code: 'discoverable_login_failed' },
  },
  invalid_nonce: {
    status: 401,
    sentence: 'The nonce is invalid, expired or spent',
    flex: { code: 'invalid_nonce', sentence: 'nonce is invalid, expired, or cannot be found' },
  },
  database_busy: { status: 503, sentence: 'The database is busy', flex: FAILED },
  database_unavailable: { status: 503, sentence: 'The database is unavailable', flex: FAILED },
  request_deadline_exceeded: {
    status: 503,
    sentence: 'The request took too long; it may have been carried out',
    flex: FAILED,
  },
  provider_unavailable: { status: 503, sentence: 'The passkey provider is unavailable', flex: FAILED },
  token_keys_unavailable: {
    status: 503,
    sentence: 'The keys that verify tokens are unavailable',
    flex: FAILED,
  },
  internal_error: { status: 500, sentence: 'An unexpected error occurred', flex: FAILED },
} satisfies Record<RefusalCode, ErrorRow<ClientErrorStatus>> &
  Record<OutageCode, ErrorRow<503>> &
  Record<'internal_error', ErrorRow<500>>;
