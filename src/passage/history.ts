import type { ActorKind } from '../events/actor.js';
import type { AuditEventType } from '../events/audit-event-types.js';

/** Which events of a user are asked for; what is left out does not matter. */
export interface HistoryQuery {
  readonly type?: AuditEventType | undefined;
  readonly deviceId?: string | undefined;
  /** Not older than this. */
  readonly since?: Date | undefined;
  /** Older than this. */
  readonly until?: Date | undefined;
  /** As the page before gave it. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Something that happened to a user or one of their passkeys. */
export interface HistoryEvent {
  readonly id: string;
  /** One of our own types of events; a later server may know more. */
  readonly type: string;
  readonly createdAt: Date;
  readonly deviceId: string | null;
  /** The passkey's name of now; null for no passkey, and for one that is revoked. */
  readonly deviceName: string | null;
  readonly actor: ActorKind;
  /** In words, such as "Chrome on Windows"; null where that is not known. */
  readonly browser: string | null;
  readonly userAgent: string | null;
  /** Null also where the provider does not tell. */
  readonly address: string | null;
  /** Why it was refused, or what else is to be known: a code. */
  readonly reason: string | null;
}

/** Some events, newest first. */
export interface HistoryPage {
  readonly events: readonly HistoryEvent[];
  /** Null if there are no more. */
  readonly next: string | null;
}
