import { Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Outage, OutageReason } from './outage.js';

const SILENCE = 60_000; // ms
const MAX_KINDS = 100;

const ADVICE: Partial<Record<OutageReason, string>> = {
  provider_key_refused: 'set PASSAGE_API_KEY to a valid key of PASSAGE_APP_ID',
  provider_throttled: 'it is asked too often',
  provider_unexpected: 'check that PASSAGE_BASE_URL and PASSAGE_APP_ID are its own',
  provider_unintelligible: 'check that PASSAGE_BASE_URL leads to a Flex server',
};

/** Tells the operator what the provider answers instead of the protocol: each kind once a minute, and no more than a hundred. */
export class Notices {
  private readonly log = new Logger('RemotePassage');
  private readonly told: LRUCache<string, true>;

  constructor(silence = SILENCE) {
    this.told = new LRUCache({ max: MAX_KINDS, ttl: silence });
  }

  /** Leaves out that it does not answer at all, which is told where that is counted. */
  tell(route: string, outage: Outage): void {
    const advice = adviceOn(outage);
    if (!advice) return;
    const { answer = 'what is no answer of the protocol' } = outage;
    const text = `The passkey provider answers ${route} with ${answer}: ${advice}.`;
    this.told.purgeStale();
    // Codes are the provider's to make up, and may be new each time.
    if (this.told.has(text) || this.told.size === MAX_KINDS) return;
    this.told.set(text, true);
    this.log.error(text);
  }
}

function adviceOn({ reason, retryAfter }: Outage): string | undefined {
  const isLeftAlone = reason === 'provider_failed' && retryAfter !== undefined;
  return isLeftAlone ? 'it is left alone for as long as it says' : ADVICE[reason];
}
