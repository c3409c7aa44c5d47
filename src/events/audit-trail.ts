import { Inject, Injectable, Optional } from '@nestjs/common';
import { Configuration } from '../config/configuration.js';
import type { DatabaseTransaction } from '../database/database.js';
import { currentRequest } from '../http/request-context.js';
import type { AuditEventType } from './audit-event-types.js';
import { AuditRepository, type AuditEventSummary, type EventValues, newEventId } from './audit.repository.js';
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
  /** Whom webhooks are told of where no row says it: before the backend has the user, and after the tie was undone. */
  readonly person?: {
    readonly externalId: string;
    readonly issuer: string | null;
    readonly subject: string | null;
  };
}

/** The audit trail: one row for each thing that happened to a passkey; webhooks that ask for it are told of it. */
@Injectable()
export class AuditTrail {
  /** The one app whose users have identities; null where the passkeys are another server's. */
  private readonly ownAppId: string | null;

  constructor(
    private readonly events: AuditRepository,
    private readonly erasures: ErasureRepository,
    { passage }: Configuration,
    @Optional() @Inject(OUTSIDE_ACTOR) private readonly outsideActor: string | null = null,
  ) {
    this.ownAppId = passage.mode === 'embedded' ? passage.app.id : null;
  }

  /** Writes an event with the change it tells of, in the same transaction; a refusal, which has none, stands alone. */
  record(facts: AuditFacts, tx?: DatabaseTransaction): Promise<void> {
    return this.events.insert(this.eventOf(facts), tx);
  }

  /** The event as a statement writes it: the facts, and what the request at hand says of who acted and from where. */
  eventOf(facts: AuditFacts): EventValues {
    const { type, appId, userId = null, deviceId = null, reason = null, isAnonymous = false, person } = facts;
    const request = isAnonymous ? undefined : currentRequest();
    return {
      eventId: newEventId(),
      type,
      appId,
      userId,
      deviceId,
      reason,
      actor: request?.actor ?? (isAnonymous ? null : this.outsideActor),
      address: request?.address ?? null,
      userAgent: request?.userAgent ?? null,
      requestId: request?.requestId ?? null,
      namesUser: !isAnonymous,
      namesIdentity: !isAnonymous && appId === this.ownAppId,
      externalId: person?.externalId ?? null,
      issuer: person?.issuer ?? null,
      subject: person?.subject ?? null,
    };
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
      namesIdentity: rest.appId === this.ownAppId,
    }));
    await this.events.insertAll(events, this.outsideActor, tx);
  }

  /** The last ten things that happened to the passkeys of a user, newest first. */
  recent(appId: string, userId: string): Promise<AuditEventSummary[]> {
    return this.events.recent(appId, userId);
  }

  /**
   * Hides, from the commit on, what points at a person in all of a user's events: actor, address, user agent and request.
   * What is queued for webhooks, delivered or dead is deleted.
   */
  async hide(
    appId: string,
    { id, externalId }: { readonly id: string; readonly externalId: string },
    tx: DatabaseTransaction,
  ): Promise<void> {
    await this.erasures.mark(appId, id, tx);
    await this.unqueue(appId, externalId, tx);
  }

  /** Deletes what is queued for webhooks of an external ID, delivered or dead. */
  unqueue(appId: string, externalId: string, tx: DatabaseTransaction): Promise<void> {
    return this.erasures.deleteQueued(appId, externalId, tx);
  }

  /** Removes it from the first thousand of them, which are all of most users. Of what is left, the purge does. */
  async anonymise(appId: string, userId: string): Promise<void> {
    await this.erasures.anonymiseBatch({ appId, userId });
  }
}
