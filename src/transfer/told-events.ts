import { readLines } from './formats/lines.js';

/** Bytes of one line: a page of a thousand events is below 1 MB. */
const MAX_LINE = 16 * 1024 * 1024;

/** What an event says that takes something away. */
export interface ToldEvent {
  readonly type: string;
  /** Null where the event does not say it, as the events of an app's own route do not. */
  readonly appId: string | null;
  readonly userId: string | null;
  readonly deviceId: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A line that is no event; the number counts from 1. */
export class UnreadableEvent extends Error {
  constructor(
    readonly line: number,
    why: string,
  ) {
    super(`Line ${line} ${why}.`);
  }
}

/**
 * Reads events from lines of JSON, each of them an event or a page `{"events": […]}`: as `keyway events` writes them, as
 * `GET /v1/apps/{app}/events` answers, or as webhooks are sent. Throws an `UnreadableEvent`.
 */
export async function* readEvents(source: AsyncIterable<Buffer>): AsyncGenerator<ToldEvent> {
  for await (const { number, text } of readLines(source, MAX_LINE)) {
    if (typeof text !== 'string')
      throw new UnreadableEvent(number, 'cannot be read: it is no text, or too long');
    const value = parse(text);
    const events = Array.isArray(value?.events) ? (value.events as unknown[]) : [value];
    for (const each of events) {
      const event = isObject(each) ? toEvent(each) : null;
      if (event === null) throw new UnreadableEvent(number, 'is not an event in JSON');
      yield event;
    }
  }
}

function toEvent(value: Members): ToldEvent | null {
  const { type } = value;
  if (typeof type !== 'string') return null;
  const data = isObject(value.data) ? value.data : null;
  const idOf = (member: unknown) => (isObject(member) ? member.id : undefined);
  const [appId, userId, deviceId, time] = data
    ? [data.app_id, idOf(data.user), idOf(data.passkey), value.timestamp]
    : [
        value.appId,
        value.userId ?? value.user_id,
        value.deviceId ?? value.device_id,
        value.createdAt ?? value.created_at,
      ];
  const at = typeof time === 'string' ? Date.parse(time) : NaN;
  if (Number.isNaN(at)) return null;
  return { type, appId: textOrNull(appId), userId: textOrNull(userId), deviceId: textOrNull(deviceId), at };
}

type Members = Readonly<Record<string, unknown>>;

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parse(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
