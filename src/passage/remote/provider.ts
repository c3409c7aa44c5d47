import { Logger } from '@nestjs/common';
import {
  PassageError,
  PassageErrorCode,
  PassageFlex,
  type StepUpProof,
} from '@passageidentity/passage-flex-node';
import {
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleType,
  isBrokenCircuitError,
  isTaskCancelledError,
  retry,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import { LRUCache } from 'lru-cache';
import type { RemotePassageSettings } from '../../config/configuration.js';
import { AppError, type RefusalCode } from '../../errors/app-error.js';
import { Unavailable } from '../../errors/unavailable.js';
import { currentRequest } from '../../http/request-context.js';
import { isDown, noticeOf, type OutageReason, reasonOf } from './outage.js';

/** How long the provider is waited for, and how often it is asked. Times in milliseconds. */
export const PROVIDER_LIMITS = {
  request: 3_000, // for one request
  whole: 8_000, // for everything that one call takes, retries and their pauses included
  retries: 2,
  maxPause: 400, // the longest one before a retry
  failures: 5, // in a row until the provider is given a rest …
  rest: 10_000, // … in which nothing is asked; then one call finds out whether it is back
};
/** {@link PROVIDER_LIMITS}, or others in tests. */
export type ProviderLimits = Readonly<typeof PROVIDER_LIMITS>;

/** Seconds, where the provider does not say when to come back … */
const RETRY_AFTER = 5;
/** … and at most: a slip of the provider's must not shut it out for hours. */
const MAX_RETRY_AFTER = 300;
const SILENCE = 60_000; // ms
const MAX_NOTICES = 100;

/**
 * What refusals of one call mean, by method, status and code, such as `DELETE 404 device_not_found`, also with the reason
 * behind it where a server tells one, and what `invalid_argument` means, which the client throws itself. Any other refusal is the
 * provider's own trouble.
 */
export type Meanings = Readonly<Record<string, RefusalCode>>;

/** The app of `PASSAGE_APP_ID` on the server of `PASSAGE_BASE_URL`, asked under one policy for all calls. */
export class Provider {
  readonly appId: string;
  readonly baseUrl: string;
  private readonly log = new Logger('RemotePassage');
  private readonly client: PassageFlex;
  private readonly policy;
  /** Milliseconds since the epoch: when a circuit that is open lets a call through, and what the provider asked for. */
  private restsUntil = 0;
  private heldUntil = 0;
  private readonly notices = new LRUCache<string, true>({ max: MAX_NOTICES, ttl: SILENCE, perf: Date });

  constructor({ appId, apiKey, baseUrl }: RemotePassageSettings, limits: ProviderLimits = PROVIDER_LIMITS) {
    this.appId = appId;
    this.baseUrl = baseUrl;
    this.client = new PassageFlex({ appId, apiKey, baseUrl, timeout: limits.request });
    const { retries: maxAttempts, maxPause: maxDelay } = limits;
    this.policy = wrap(
      timeout(limits.whole, TimeoutStrategy.Aggressive),
      // What may have been done is not done again, and a server that says when to come back is not asked before.
      retry(
        handleType(PassageError, (it) => isDown(it) && it.isRepeatable && it.retryAfter === undefined),
        { maxAttempts, backoff: new ExponentialBackoff({ initialDelay: maxDelay / 4, maxDelay }) },
      ),
      this.makeBreaker(limits),
    );
  }

  /**
   * Makes one call within the limits; it may be made again, and ends with the client's signal. Throws what a refusal
   * means for it, and `provider_unavailable` for all else that comes of the provider.
   */
  async ask<T>(
    call: (client: PassageFlex) => Promise<T>,
    meanings: Meanings = {},
    stepUp?: StepUpProof,
  ): Promise<T> {
    const wait = this.heldUntil - Date.now();
    if (wait > 0) throw unavailable('provider_on_hold', wait / 1000);
    const requestId = currentRequest()?.requestId;
    const headers: Record<string, string> = requestId === undefined ? {} : { 'x-request-id': requestId };
    try {
      const answer = await this.policy.execute(({ signal }) =>
        toAnswer(call(this.client.with({ signal, headers, stepUp }))),
      );
      return answer();
    } catch (error) {
      if (isTaskCancelledError(error)) throw unavailable('provider_timeout', RETRY_AFTER, error);
      if (isBrokenCircuitError(error)) {
        throw unavailable('provider_circuit_open', (this.restsUntil - Date.now()) / 1000, error);
      }
      throw error instanceof PassageError ? this.failureOf(error, meanings) : error;
    }
  }

  private failureOf(error: PassageError, meanings: Meanings): Error {
    const { request = '', statusCode, errorCode, reason, retryAfter = RETRY_AFTER } = error;
    const isOwn = errorCode === PassageErrorCode.InvalidArgument;
    const refusal = isOwn ? errorCode : `${request.split(' ', 1)[0]} ${statusCode} ${errorCode}`;
    const meaning = meanings[`${refusal} ${reason}`] ?? meanings[refusal];
    if (meaning) {
      return new AppError(meaning, error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter });
    }
    if (isOwn) return error;
    const outage = unavailable(reasonOf(error), retryAfter, error);
    if (outage.reason === 'provider_failed' && error.retryAfter !== undefined) {
      // Answers come in any order: none shortens what another said.
      this.heldUntil = Math.max(this.heldUntil, Date.now() + outage.retryAfter * 1000);
    }
    this.tell(noticeOf(error));
    return outage;
  }

  /** Each notice once a minute, and no more than a hundred: codes are the provider's to make up. */
  private tell(notice: string | undefined): void {
    this.notices.purgeStale();
    if (!notice || this.notices.has(notice) || this.notices.size === MAX_NOTICES) return;
    this.notices.set(notice, true);
    this.log.error(notice);
  }

  /** Opens after several calls in a row that no answer came to. */
  private makeBreaker({ failures, rest }: ProviderLimits) {
    const breaker = circuitBreaker(handleType(PassageError, isDown), {
      halfOpenAfter: rest,
      breaker: new ConsecutiveBreaker(failures),
    });
    breaker.onBreak((last) => {
      this.restsUntil = Date.now() + rest;
      this.log.warn(`The passkey provider is asked nothing for ${rest} ms: ${describe(last)}`);
    });
    breaker.onReset(() => this.log.log('The passkey provider answers again'));
    return breaker;
  }
}

/** What is refused is an answer as well: it shows the policy that the provider is up. */
async function toAnswer<T>(call: Promise<T>): Promise<() => T> {
  try {
    const value = await call;
    return () => value;
  } catch (error) {
    if (error instanceof PassageError && isDown(error)) throw error;
    return () => {
      throw error;
    };
  }
}

function unavailable(reason: OutageReason, seconds: number, cause?: unknown): Unavailable {
  const retryAfter = Math.min(MAX_RETRY_AFTER, Math.max(1, Math.ceil(seconds)));
  return new Unavailable('provider_unavailable', { reason, retryAfter, cause });
}

/** The reason and, of a network failure, its code. */
function describe(last: object): string {
  const error = 'error' in last ? last.error : undefined;
  if (!(error instanceof PassageError)) return 'unknown';
  const { code } = (error.cause ?? {}) as { code?: string };
  return code === undefined ? reasonOf(error) : `${reasonOf(error)} (${code})`;
}
