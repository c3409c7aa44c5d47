import { actorOf } from './actor.js';
import type { AuditEventType } from './audit-event-types.js';

/** What is told of an event. */
export interface WebhookEvent {
  readonly eventId: string;
  readonly appId: string;
  readonly type: AuditEventType | 'webhook.test';
  readonly createdAt: Date;
  readonly userId: string | null;
  readonly externalId: string | null;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly deviceId: string | null;
  readonly automatic: boolean | null;
  /** As in the audit trail. */
  readonly actor: string | null;
  readonly reason: string | null;
}

/** The body of a delivery: JSON that is the same in every attempt. It has no address, user agent or display name. */
export function payloadOf(event: WebhookEvent): string {
  const { eventId, appId, type, createdAt, userId, externalId, issuer, subject, deviceId, automatic } = event;
  return JSON.stringify({
    type,
    timestamp: createdAt.toISOString(),
    data: {
      id: eventId,
      app_id: appId,
      user: userId === null && externalId === null ? null : { id: userId, external_id: externalId },
      identity: issuer === null || subject === null ? null : { issuer, subject },
      passkey: deviceId === null ? null : { id: deviceId, automatic },
      actor: actorIn(event),
      reason: event.reason,
    },
  });
}

/** Who acted, in the words of webhooks; null where nobody is known to have. */
function actorIn({ actor, type }: WebhookEvent) {
  const { kind, id } = actorOf({ actor, type });
  if (kind === 'person' || kind === 'command_line') return { type: kind };
  if (kind === 'server') return { type: kind, key_id: id };
  // Users who erase themselves are not named; who erases another is.
  return type === 'user.deleted' ? { type: 'person' } : null;
}
