import {
  isDate,
  isId,
  isListOf,
  isNonEmpty,
  isObject,
  isText,
  type Json,
  orNothing,
  read,
} from './answers.js';
import { required } from './arguments.js';
import type { Connection } from './connection.js';

/** Who acted: the user, a server of yours, the operator's command line; `unknown` where the trail does not say. */
export type EventActor = 'person' | 'server' | 'command_line' | 'unknown';

/** Something that happened to a passkey or a user. */
export interface PassageEvent {
  id: string;
  /** Such as `passkey.registered`, `passkey.used`, `passkey.revoked`, `passkey.refused`, `user.deleted`. */
  type: string;
  createdAt: Date;
  /** The server's own id of the user, and yours; null for no user, yours also once they are erased. */
  userId: string | null;
  externalId: string | null;
  /** Null for no passkey; the name is that of now, and null once it is revoked. */
  deviceId: string | null;
  deviceName: string | null;
  actor: EventActor;
  /** The subject of the user's token, or the id of the server's API key; null where neither is known. */
  actorId: string | null;
  /** From where it was done; null where that is not known, and once the user is erased. */
  address: string | null;
  userAgent: string | null;
  /** The browser in words, such as "Chrome on Windows". */
  browser: string | null;
  /** Why it was refused, or what else is to be known: a code. */
  reason: string | null;
  requestId: string | null;
}

/** Some events, newest first. */
export interface EventPage {
  events: PassageEvent[];
  /** Give it as `cursor` for the next page; null on the last one. */
  next: string | null;
}

/** Which events `list` gives; what is left out does not matter. */
export interface ListEventsArgs {
  externalId?: string | undefined;
  /** The server's own id of the user, as events have it; in place of `externalId`. */
  userId?: string | undefined;
  deviceId?: string | undefined;
  type?: string | undefined;
  /** Not older than this. */
  since?: Date | undefined;
  /** Older than this. */
  until?: Date | undefined;
  /** 1 to 500; 50 unless told. */
  limit?: number | undefined;
  /** As the page before gave it. */
  cursor?: string | undefined;
}

/** Keyway's own: the audit trail of the app. */
export class Events {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** One page of events, newest first. Throws `operation_not_allowed` for an API key that may not read them. */
  async list(args: ListEventsArgs = {}): Promise<EventPage> {
    const request = { route: '/events', query: toQuery(args) };
    return this.#connection.request(request, (answer) => ({
      events: read(answer, 'events', isListOf(isObject)).map(toEvent),
      next: textOrNull(answer, 'next'),
    }));
  }
}

const NAMES = {
  externalId: 'external_id',
  userId: 'user_id',
  deviceId: 'device_id',
  type: 'type',
  since: 'since',
  until: 'until',
  limit: 'limit',
  cursor: 'cursor',
} as const;

/** A filter that is given but empty would list everything. */
function toQuery(args: ListEventsArgs): Record<string, string> {
  const given = (Object.keys(NAMES) as (keyof ListEventsArgs)[]).filter((name) => args[name] !== undefined);
  return Object.fromEntries(given.map((name) => [NAMES[name], required(name, toText(args[name]))]));
}

const toText = (value: unknown): unknown =>
  value instanceof Date ? value.toISOString() : typeof value === 'number' ? String(value) : value;

function toEvent(json: Json): PassageEvent {
  return {
    id: read(json, 'id', isId),
    type: read(json, 'type', isNonEmpty),
    createdAt: new Date(read(json, 'created_at', isDate)),
    userId: textOrNull(json, 'user_id'),
    externalId: textOrNull(json, 'external_id'),
    deviceId: textOrNull(json, 'device_id'),
    deviceName: textOrNull(json, 'device_name'),
    // A later server may know more.
    actor: read(json, 'actor', isNonEmpty) as EventActor,
    actorId: textOrNull(json, 'actor_id'),
    address: textOrNull(json, 'address'),
    userAgent: textOrNull(json, 'user_agent'),
    browser: textOrNull(json, 'user_agent_display'),
    reason: textOrNull(json, 'reason'),
    requestId: textOrNull(json, 'request_id'),
  };
}

const textOrNull = (json: Json, member: string): string | null =>
  read(json, member, orNothing(isText)) ?? null;
