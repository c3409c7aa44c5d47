import type { AuditEventType } from './audit-event-types.js';

/** Who can act. `unknown` is who did something of which the trail does not say, as with refusals and people who are erased. */
export type ActorKind = 'person' | 'server' | 'command_line' | 'unknown';

/** Who acted. */
export interface Actor {
  readonly kind: ActorKind;
  /** The subject of the person's token, or the id of the server's API key; null where neither is known. */
  readonly id: string | null;
}

/** The command line, as events have it. */
export const COMMAND_LINE = 'command-line';

/** What only somebody who holds the passkey can do: ceremonies are public routes, and name no actor. */
const PROVEN: readonly string[] = [
  'passkey.registered',
  'passkey.used',
  'passkey.backup_changed',
] satisfies AuditEventType[];

/** Reads who acted from an event, whose `actor` is `user:<subject>`, `key:<id>`, the command line or null. */
export function actorOf({ actor, type }: { actor: string | null; type: string }): Actor {
  const [, kind, id = null] = /^(user|key):(.*)$/s.exec(actor ?? '') ?? [];
  if (kind !== undefined) return { kind: kind === 'user' ? 'person' : 'server', id };
  if (actor === COMMAND_LINE) return { kind: 'command_line', id: null };
  return { kind: PROVEN.includes(type) ? 'person' : 'unknown', id: null };
}
