import { type PassageError, PassageErrorCode } from '@passageidentity/passage-flex-node';

/** What kept the provider from answering; told to the log only. */
export type OutageReason =
  | 'provider_unreachable'
  | 'provider_timeout'
  | 'provider_failed'
  | 'provider_unintelligible'
  | 'provider_circuit_open'
  | 'provider_on_hold'
  | 'provider_throttled'
  | 'provider_key_refused'
  | 'provider_unexpected';

const ADVICE: Partial<Record<OutageReason, string>> = {
  provider_failed: 'it gets no requests for as long as it says',
  provider_key_refused: 'set PASSAGE_API_KEY to a valid key of PASSAGE_APP_ID',
  provider_throttled: 'it is asked too often',
  provider_unexpected: 'check that PASSAGE_BASE_URL and PASSAGE_APP_ID are its own',
  provider_unintelligible: 'check that PASSAGE_BASE_URL leads to a Flex server',
};

/** Why an error of the client is an outage, if it means nothing to the call. */
export function reasonOf({ statusCode, errorCode }: PassageError): OutageReason {
  if (errorCode === PassageErrorCode.NetworkUnreachable) return 'provider_unreachable';
  if (statusCode === 0) return 'provider_timeout';
  if (statusCode >= 500 || statusCode === 408) return 'provider_failed';
  if (statusCode < 400) return 'provider_unintelligible';
  if (statusCode === 429) return 'provider_throttled';
  const isKey = statusCode === 401 && errorCode === PassageErrorCode.InvalidAccessToken;
  return isKey ? 'provider_key_refused' : 'provider_unexpected';
}

/** Whether the provider is in trouble as a whole. An answer that makes no sense may be about one user. */
export const isDown = (error: PassageError): boolean =>
  ['provider_unreachable', 'provider_timeout', 'provider_failed'].includes(reasonOf(error));

/**
 * For the operator: what the provider answers instead of the protocol, and which setting to look at. Undefined if it
 * does not answer at all, which is told where that is counted. Quotes a status and a code, no address, key or payload.
 */
export function noticeOf(error: PassageError): string | undefined {
  const reason = reasonOf(error);
  const advice = ADVICE[reason];
  if (!advice || (reason === 'provider_failed' && error.retryAfter === undefined)) return undefined;
  return `The passkey provider answers ${error.request ?? 'a call'} with ${answerIn(error, reason)}: ${advice}.`;
}

function answerIn({ statusCode, errorCode }: PassageError, reason: OutageReason): string {
  if (reason === 'provider_unintelligible') return 'an answer that is not of the protocol';
  if (reason === 'provider_failed') return String(statusCode);
  const isOurs = errorCode !== PassageErrorCode.InvalidResponse;
  return `${statusCode} ${isOurs ? errorCode : 'and no code of the protocol'}`;
}
