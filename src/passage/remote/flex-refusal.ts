import { AppError, type RefusalCode } from '../../errors/app-error.js';
import { Answer } from './answer.js';
import { Outage, type OutageReason } from './outage.js';
import type { ProviderAnswer } from './provider-connection.js';

/** What the protocol's refusals of one request mean, by status and code; any other is the provider's own trouble. */
export type Meanings = Readonly<Record<`${number} ${string}`, RefusalCode>>;

/** What a refusal is to be thrown as: the failure that it means, else an `Outage`. */
export function refusalOf(
  { status, text, retryAfter }: ProviderAnswer,
  meanings: Meanings,
): AppError | Outage {
  const code = codeIn(text);
  const meaning = meanings[`${status} ${code}`];
  if (meaning) return new AppError(meaning);
  const answer = code ? `${status} ${code}` : `${status} and no code of the protocol`;
  return new Outage(reasonOf(status, code), { answer, retryAfter });
}

function reasonOf(status: number, code: string | null): OutageReason {
  if (status === 429) return 'provider_throttled';
  return status === 401 && code === 'invalid_access_token' ? 'provider_key_refused' : 'provider_unexpected';
}

/** Null if the body is not the protocol's. */
function codeIn(text: string): string | null {
  try {
    return Answer.parse(text).maybeText('code', /^[a-z0-9_]{1,64}$/);
  } catch {
    return null;
  }
}
