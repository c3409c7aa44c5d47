import { type Command, InvalidArgumentError, Option } from 'commander';
import { AUDIT_EVENT_TYPES, type AuditEventType } from '../events/audit-event-types.js';
import { type EventPosition, readCursor } from '../flex/events/event-cursor.js';
import type { EventPage, ToldEvent } from '../flex/events/events.service.js';
import { type Answer, answering } from './answer.js';
import { countWithin, pointInTime } from './argument-parsers.js';
import { table, time } from './format.js';
import type { Services } from './services.js';
import { say } from './standard-output.js';
import { withServices } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway events --app shop --since 2d --type passkey.refused
  keyway events --app shop --user user-1 --json
  keyway events --app shop --since 26h --all > events.jsonl
  keyway events --app shop --since 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z --limit 1000

The newest come first. Where there are more, the last line of a page has the --cursor of the next one.
--all writes every page, each event as a line of JSON; keyway reapply reads them.
Events of erased users say only what happened, and are found by --user-id.`;

const LIMIT = { from: 1, to: 1_000 };
const HEADINGS = ['id', 'time', 'type', 'user', 'device', 'actor', 'browser', 'address', 'reason'];

interface EventsOptions {
  readonly app: string;
  readonly user?: string;
  readonly userId?: string;
  readonly device?: string;
  readonly type?: AuditEventType;
  readonly since?: Date;
  readonly until?: Date;
  readonly cursor?: EventPosition;
  readonly limit: number;
  readonly all?: boolean;
}

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
    .option(
      '--since <time>',
      'not older than this, such as 2026-11-22T18:00:00Z, or 2d for two days',
      pointInTime,
    )
    .option('--until <time>', 'older than this', pointInTime)
    .option('--cursor <cursor>', 'the page after the one that gave this', cursor)
    .option('--limit <count>', `how many, ${LIMIT.from} to ${LIMIT.to}`, countWithin(LIMIT), 50)
    .addOption(new Option('--all', 'all of them, as lines of JSON').conflicts('limit'))
    .addHelpText('after', EXAMPLES);
  answering(command, async ({ app, all = false, limit, ...filters }: EventsOptions): Promise<Answer> => {
    return withServices(async (services) => {
      await services.apps.get(app);
      const query = await queryOf(services, app, filters);
      const events = await services.events();
      if (all)
        return writeAll((after) => events.list(app, { ...query, after, limit: LIMIT.to }), query.after);
      return inPage(await events.list(app, { ...query, limit }));
    });
  });
}

async function queryOf(
  services: Services,
  app: string,
  {
    user: externalId,
    userId: id,
    device: deviceId,
    cursor: after,
    ...rest
  }: Omit<EventsOptions, 'app' | 'limit'>,
) {
  if (externalId !== undefined) await (await services.users()).get(app, { externalId });
  const byId = id === undefined ? undefined : { id };
  const user = externalId === undefined ? byId : { externalId };
  return { ...rest, user, deviceId, after };
}

/** Page by page, so that little is held of a long trail. */
async function writeAll(
  pageAfter: (after: EventPosition | undefined) => Promise<EventPage>,
  first: EventPosition | undefined,
): Promise<Answer> {
  let after: EventPosition | null | undefined = first;
  do {
    const { events, next } = await pageAfter(after);
    await say(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    after = next === null ? null : readCursor(next);
  } while (after);
  return { text: null, json: null };
}

const inPage = ({ events, next }: EventPage): Answer => ({
  text: events.length === 0 ? 'There are no such events.' : table(HEADINGS, events.map(toRow)),
  note: next === null ? undefined : `There are more: add --cursor ${next}`,
  json: { events, next },
});

function cursor(text: string): EventPosition {
  const position = readCursor(text);
  if (position) return position;
  throw new InvalidArgumentError('Give the cursor in the last line of a page of keyway events.');
}

const toRow = ({ id, createdAt, type, actorId, ...event }: ToldEvent): string[] => {
  const actor = actorId === null ? event.actor : `${event.actor} ${actorId}`;
  const { userId, deviceId, browser, address, reason } = event;
  return [id, time(createdAt), type, ...[userId, deviceId, actor, browser, address, reason].map(orDash)];
};

const orDash = (text: string | null): string => text ?? '-';
