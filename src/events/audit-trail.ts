import { Inject, Injectable, Optional } from '@nestjs/common';
import type { DatabaseTransaction } from '../database/database.js';
import { currentRequest } from '../http/request-context.js';
import type { AuditEventType } from './audit-event-types.js';
import { AuditRepository, type AuditEventSummary, type NewEvent } from './audit.repository.js';
import { ErasureRepository } from './erasure.repository.js';

/** Token of who acts where no request does; optional. */
export const OUTSIDE_ACTOR = Symbol('outside actor');

/** What happened; who did it, from where and with what comes from the request it happened in. */
export interface AuditFacts {
  readonly type: AuditEventType;
  readonly appId: string;
  /** The backend's user, as far as known. */
  readonly userId?: string | null;
  readonly deviceId?: string | null;
  /** Why it was refused, or what else is to be known: a code, never a text that could hold a secret. */
  readonly reason?: string;
  /** Nothing is kept of who did it and from where, as with a user who has been erased. */
  readonly isAnonymous?: boolean;
}

/** The audit trail: one row for each thing that happened to a passkey. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly events: AuditRepository,
    private readonly erasures: ErasureRepository,
    @Optional() @Inject(OUTSIDE_ACTOR) private readonly outsideActor: string | null = null,
  ) {}

  /** Writes an event with the change it tells of, in the same transaction; a refusal, which has none, stands alone. */
  record(facts: AuditFacts, tx?: DatabaseTransaction): Promise<void> {
    const event = toEvent(facts);
    const actor = event.actor ?? (facts.isAnonymous ? null : this.outsideActor);
    return this.events.insert({ ...event, actor }, tx);
  }

  /** Writes many events of something that an operator did, in the transaction that did it. */
  async recordAll(
    facts: readonly Pick<AuditFacts, 'type' | 'appId' | 'userId' | 'deviceId'>[],
    tx: DatabaseTransaction,
  ): Promise<void> {
    if (facts.length === 0) return;
    const events = facts.map(({ userId = null, deviceId = null, ...rest }) => ({
      ...rest,
      userId,
      deviceId,
    }));
    await this.events.insertAll(events, this.outsideActor, tx);
  }

  /** The last ten things that happened to the passkeys of a user, newest first. */
  recent(appId: string, userId: string): Promise<AuditEventSummary[]> {
    return this.events.recent(appId, userId);
  }

  /** Hides, from the commit on, what points at a person in all of a user's events: actor, address, user agent and request. */
  hide(appId: string, userId: string, tx: DatabaseTransaction): Promise<void> {
    return this.erasures.mark(appId, userId, tx);
  }

  /** Removes it from the first thousand of them, which are all of most users. Of what is left, the purge does. */
  async anonymise(appId: string, userId: string): Promise<void> {
    await this.erasures.anonymiseBatch({ appId, userId });
  }
}

/** The event as it is written: the facts, and what the request at hand says of who acted and from where. */
export function toEvent(facts: AuditFacts): NewEvent {
  const { type, appId, userId = null, deviceId = null, reason = null, isAnonymous = false } = facts;
  const request = isAnonymous ? undefined : currentRequest();
  return {
    type,
    appId,
    userId,
    deviceId,
    reason,
    actor: request?.actor ?? null,
    address: request?.address ?? null,
    userAgent: request?.userAgent ?? null,
    requestId: request?.requestId ?? null,
  };
}
