import { type Command, InvalidArgumentError, Option } from 'commander';
import { AUDIT_EVENT_TYPES } from '../events/audit-event-types.js';
import type { AuditEventRecord, EventFilter } from '../events/audit.repository.js';
import { answering } from './answer.js';
import { countWithin, pointInTime } from './argument-parsers.js';
import { table, time } from './format.js';
import { withServices } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway events --app shop --since 2d --type passkey.refused
  keyway events --app shop --user user-1 --json
  keyway events --app shop --before 01a20494-a61b-707e-9674-88c31d4346e7

The newest come first. Where there are more, --before with the last id of a page gives the next one.
Events of erased users say only what happened, and are found by --user-id.`;

const LIMIT = { from: 1, to: 1_000 };
const HEADINGS = ['id', 'time', 'type', 'user', 'device', 'actor', 'address', 'reason'];

type EventsOptions = EventFilter & { readonly app: string; readonly user?: string; readonly device?: string };

/** `keyway events`. */
export function registerEvents(program: Command): void {
  const command = program
    .command('events')
    .description('list the audit trail of an app, newest first')
    .requiredOption('--app <id>', 'id of the app')
    .addOption(new Option('--user <external-id>', 'events of this user').conflicts('userId'))
    .option('--user-id <id>', 'events of this user, by the id that events have')
    .option('--device <id>', 'events of this passkey')
    .addOption(new Option('--type <type>', 'events of this type').choices(AUDIT_EVENT_TYPES))
    .option('--since <time>', 'not older, such as 2026-11-22T18:00:00Z, or 2d for two days', pointInTime)
    .option('--before <event-id>', 'older than this event', eventId)
    .option('--limit <count>', `how many, ${LIMIT.from} to ${LIMIT.to}`, countWithin(LIMIT), 50)
    .addHelpText('after', EXAMPLES);
  answering(command, async ({ app, user, device: deviceId, ...options }: EventsOptions) => {
    const events = await withServices(async (services) => {
      await services.apps.get(app);
      const userId =
        user === undefined
          ? options.userId
          : (await (await services.users()).get(app, { externalId: user })).user.id;
      return services.events.list(app, { ...options, userId, deviceId });
    });
    const isFull = events.length === options.limit;
    return {
      text: events.length === 0 ? 'There are no such events.' : table(HEADINGS, events.map(toRow)),
      note: isFull ? `There may be more: add --before ${events.at(-1)!.id}` : undefined,
      json: events,
    };
  });
}

function eventId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return text;
  throw new InvalidArgumentError('Give the id of an event, as keyway events lists it.');
}

const toRow = (event: AuditEventRecord): string[] => {
  const { id, createdAt, type, userId, deviceId, actor, address, reason } = event;
  return [id, time(createdAt), type, ...[userId, deviceId, actor, address, reason].map((it) => it ?? '-')];
};
