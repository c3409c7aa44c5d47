import { Logger } from '@nestjs/common';
import { AppError, type ErrorCode } from '../../http/app-error.js';
import { Answer } from './answer.js';
import { Outage, type OutageReason } from './outage.js';
import type { ProviderAnswer } from './provider-connection.js';

/** What a refusal means: by status and code, as in `404 user_not_found`, or by status alone, as in `404 *`. */
export type Meanings = Readonly<Record<string, ErrorCode>>;

/** What these mean whatever was asked. */
const USUAL: Meanings = {
  '401 invalid_nonce': 'invalid_nonce',
  '403 cannot_create_transaction': 'access_denied',
  '403 operation_not_allowed': 'access_denied',
  '403 user_not_active': 'user_not_active',
  '404 device_not_found': 'device_not_found',
  '404 user_not_found': 'user_not_found',
  '409 user_has_no_passkeys': 'user_has_no_passkeys',
};

const log = new Logger('RemotePassage');

/** The provider understood, and said no. */
export class FlexRefusal extends Error {
  readonly status: number;
  /** Null if the body is not the protocol's. */
  readonly code: string | null;
  readonly retryAfter: number | undefined;

  constructor({ status, text, retryAfter }: ProviderAnswer) {
    super(`refused with ${status}`);
    this.name = 'FlexRefusal';
    this.status = status;
    this.code = codeIn(text);
    this.retryAfter = retryAfter;
  }

  /** The failure of ours that this is; `provider_unavailable`, and a line in the log, if it is not the caller's. */
  toAppError(meanings: Meanings): AppError {
    const { status, retryAfter } = this;
    const names = [`${status} ${this.code}`, `${status} *`];
    const code = names.map((name) => meanings[name] ?? USUAL[name]).find((it) => it !== undefined);
    return code
      ? new AppError(code, { cause: this })
      : unavailable(new Outage(this.report(), { retryAfter }));
  }

  private report(): OutageReason {
    if (this.status === 429) return 'provider_throttled';
    if (this.status === 401) {
      log.error(
        'The passkey provider refuses our key: set PASSAGE_API_KEY to a valid key of PASSAGE_APP_ID.',
      );
      return 'provider_key_refused';
    }
    const answer = `${this.status}${this.code ? ` ${this.code}` : ''}`;
    log.error(
      `The passkey provider answers ${answer}: check that PASSAGE_BASE_URL and PASSAGE_APP_ID are its own.`,
    );
    return 'provider_unexpected';
  }
}

/** Seconds. */
const RETRY_AFTER = 5;

/** `provider_unavailable`; what happened goes to the log. */
export const unavailable = (outage: Outage): AppError =>
  new AppError('provider_unavailable', { cause: outage, retryAfter: outage.retryAfter ?? RETRY_AFTER });

function codeIn(text: string): string | null {
  try {
    return Answer.parse(text).maybeText('code', /^[a-z0-9_]{1,64}$/);
  } catch {
    return null;
  }
}
