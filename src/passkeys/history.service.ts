import { Injectable } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import type { HistoryEvent } from '../passage/history.js';
import { Passage } from '../passage/passage.js';
import { ExternalIds } from '../users/external-ids.js';
import type { HistoryDto } from './history.dto.js';

const USUAL_LIMIT = 20;

/** One page of a person's history, newest first; `next` is null on the last one. */
export interface PasskeyHistory {
  readonly events: readonly PasskeyEvent[];
  readonly next: string | null;
}

/** What happened, as the person is told of it. */
export type PasskeyEvent = Omit<HistoryEvent, 'createdAt'> & { readonly createdAt: string };

/** What happened to the passkeys of the calling user. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly externalIds: ExternalIds,
    private readonly passage: Passage,
  ) {}

  /**
   * Since the external ID is tied to the caller: what was before may be another person's. Throws `invalid_request` for a
   * cursor that is none.
   */
  async list(caller: Caller, { device: deviceId, ...query }: HistoryDto): Promise<PasskeyHistory> {
    const tie = await this.externalIds.currentTie(caller, this.passage.appId);
    if (tie === null) return { events: [], next: null };
    const since = query.since && query.since > tie.tiedAt ? query.since : tie.tiedAt;
    const asked = { ...query, deviceId, since, limit: query.limit ?? USUAL_LIMIT };
    const { events, next } = await this.passage.getHistory(tie.externalId, asked);
    return { events: events.map(toPasskeyEvent), next };
  }
}

/** Of servers and operators a person is told that it was one, and not from where. */
function toPasskeyEvent(event: HistoryEvent): PasskeyEvent {
  const { id, type, createdAt, deviceId, deviceName, actor, reason } = event;
  const isOfPerson = actor === 'person' || actor === 'unknown';
  const { browser, userAgent, address } = isOfPerson ? event : NOWHERE;
  const when = createdAt.toISOString();
  return { id, type, createdAt: when, deviceId, deviceName, actor, browser, userAgent, address, reason };
}

const NOWHERE = { browser: null, userAgent: null, address: null };
