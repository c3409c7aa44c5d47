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
      actor: actorOf(event),
      reason: event.reason,
    },
  });
}

/** Ceremonies, which anybody may call, prove the user themself; who is erased by another has that one named. */
const PROVEN: ReadonlySet<string> = new Set([
  'passkey.registered',
  'passkey.used',
  'passkey.backup_changed',
  'user.deleted',
] satisfies AuditEventType[]);

/** Who acted: the person, a server by its key, the command line; null where nobody is known to have. */
function actorOf({ actor, type }: WebhookEvent) {
  if (actor === null) return PROVEN.has(type) ? { type: 'user' } : null;
  if (actor.startsWith('key:')) return { type: 'server', key_id: actor.slice('key:'.length) };
  return { type: actor.startsWith('user:') ? 'user' : 'command_line' };
}
