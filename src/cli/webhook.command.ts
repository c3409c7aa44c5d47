import { type Command, InvalidArgumentError } from 'commander';
import { splitList } from '../config/environment.js';
import { AUDIT_EVENT_TYPES, type AuditEventType } from '../events/audit-event-types.js';
import type { DeliveryOutcome } from '../events/webhook-request.js';
import type { WebhookRecord } from '../flex/webhooks/webhook.repository.js';
import type { WebhooksService } from '../flex/webhooks/webhooks.service.js';
import { type Answer, answering } from './answer.js';
import { many, table, time } from './format.js';
import { withServices } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway webhook create shop --url https://hooks.shop.example/keyway --events passkey.registered,passkey.revoked > hook.secret
  keyway webhook list shop
  keyway webhook test shop 019f2b3c-0000-7000-8000-000000000000
  keyway webhook rotate shop 019f2b3c-0000-7000-8000-000000000000 > hook.secret
  keyway webhook disable shop 019f2b3c-0000-7000-8000-000000000000
  keyway webhook enable shop 019f2b3c-0000-7000-8000-000000000000
  keyway webhook replay shop 019f2b3c-0000-7000-8000-000000000000

create, rotate and test need the service's KEYWAY_SECRET, under which the secrets of webhooks are encrypted.
Events: ${AUDIT_EVENT_TYPES.join(', ')}.`;

const HEADINGS = ['id', 'state', 'url', 'events', 'waiting', 'dead', 'made by'];

/** `keyway webhook create|list|test|rotate|disable|enable|replay`. */
export function registerWebhook(program: Command): void {
  const webhook = program
    .command('webhook')
    .usage('<command>')
    .description('the webhooks of apps, which are sent what happens to passkeys')
    .addHelpText('afterAll', EXAMPLES);
  registerCreate(webhook);
  registerList(webhook);
  registerTest(webhook);
  registerRotate(webhook);
  registerSwitch(webhook, 'disable', 'stop sending; what waits is kept for a month');
  registerSwitch(webhook, 'enable', 'send again, what waits at once');
  registerReplay(webhook);
}

function registerCreate(webhook: Command): void {
  const command = webhook
    .command('create')
    .description('make a webhook and write its secret to standard output, the only time that it is shown')
    .argument('<app>', 'id of the app')
    .requiredOption('--url <url>', 'https address of the receiver, on port 443')
    .requiredOption('--events <list>', 'types of events, separated by commas, or all', eventTypes);
  answering(
    command,
    async ({ url, events }: { url: string; events: AuditEventType[] }, app: string): Promise<Answer> => {
      const made = await withWebhooks((webhooks) => webhooks.create(app, { url, events }, null));
      const note = `The webhook ${made.id} of ${app} is told of ${many(events.length, 'type')} of event. Its secret is not shown again.`;
      return { text: made.secret, note, json: made };
    },
  );
}

function registerList(webhook: Command): void {
  const command = webhook
    .command('list')
    .description('list the webhooks of an app, or the dead events of one')
    .argument('<app>', 'id of the app')
    .option('--dead <id>', 'the first hundred events of this webhook that could not be delivered');
  answering(command, async ({ dead: id }: { dead?: string }, app: string): Promise<Answer> => {
    if (id !== undefined) return listDead(app, id);
    const found = await withServices(async (services) => {
      await services.apps.get(app);
      return (await services.webhooks()).list(app, null);
    });
    const text = found.length === 0 ? `The app ${app} has no webhooks.` : table(HEADINGS, found.map(toRow));
    return { text, json: found };
  });
}

async function listDead(appId: string, id: string): Promise<Answer> {
  const events = await withWebhooks((webhooks) => webhooks.listDead({ appId, id, keyId: null }));
  const headings = ['event', 'type', 'user', 'happened', 'given up', 'last answer'];
  const rows = events.map(({ eventId, type, userId, createdAt, deadAt, lastStatus, lastProblem }) => [
    eventId,
    type,
    userId ?? '-',
    time(createdAt),
    time(deadAt),
    wordsOf({ status: lastStatus, problem: lastProblem }),
  ]);
  return { text: rows.length === 0 ? 'There are no dead events.' : table(headings, rows), json: events };
}

function registerTest(webhook: Command): void {
  const command = of(webhook, 'test', 'send an event of the type webhook.test, from here and once');
  answering(command, async (_options, appId: string, id: string): Promise<Answer> => {
    const outcome = await withWebhooks((webhooks) => webhooks.test({ appId, id, keyId: null }));
    const json = { delivered: outcome.problem === null, ...outcome };
    const text = `The webhook ${id} answered: ${wordsOf(outcome)}.`;
    return { text, json, failure: outcome.problem === null ? undefined : new Error('It was not accepted.') };
  });
}

function registerRotate(webhook: Command): void {
  const command = of(webhook, 'rotate', 'make another secret and write it to standard output').option(
    '--compromised',
    'end the former secret at once; without this, it signs for 24 hours more',
  );
  answering(
    command,
    async ({ compromised = false }: { compromised?: boolean }, appId: string, id: string) => {
      const made = await withWebhooks((webhooks) => webhooks.rotate({ appId, id, keyId: null }, compromised));
      const rest = compromised
        ? 'The former one no longer signs.'
        : 'The former one signs for 24 hours more beside it.';
      return { text: made.secret, note: `The webhook ${id} has another secret. ${rest}`, json: made };
    },
  );
}

function registerSwitch(webhook: Command, act: 'disable' | 'enable', description: string): void {
  answering(of(webhook, act, description), async (_options, appId: string, id: string) => {
    const changed = await withWebhooks((webhooks) => webhooks[act]({ appId, id, keyId: null }));
    return { text: `The webhook ${id} of ${appId} is ${act}d.`, json: changed };
  });
}

function registerReplay(webhook: Command): void {
  const command = of(webhook, 'replay', 'try anew what could not be delivered').option(
    '--event <id>',
    'this event alone',
  );
  answering(command, async ({ event = null }: { event?: string | null }, appId: string, id: string) => {
    const replayed = await withWebhooks((webhooks) => webhooks.replay({ appId, id, keyId: null }, event));
    return { text: `${many(replayed, 'event')} will be tried anew.`, json: { replayed } };
  });
}

const of = (webhook: Command, name: string, description: string): Command =>
  webhook
    .command(name)
    .description(description)
    .argument('<app>', 'id of the app')
    .argument('<id>', 'id of the webhook, as keyway webhook list shows it');

const withWebhooks = <T>(work: (webhooks: WebhooksService) => Promise<T>): Promise<T> =>
  withServices(async (services) => work(await services.webhooks()));

const wordsOf = ({ status, problem }: Pick<DeliveryOutcome, 'status'> & { problem: string | null }): string =>
  [status, problem].filter((it) => it !== null).join(', ');

const toRow = (webhook: WebhookRecord) => [
  webhook.id,
  webhook.disabledFor === null ? 'enabled' : `disabled (${webhook.disabledFor})`,
  webhook.url,
  webhook.events.join(' '),
  webhook.waiting,
  webhook.dead,
  webhook.keyId === null ? 'operator' : `key ${webhook.keyId}`,
];

function eventTypes(text: string): readonly string[] {
  if (text === 'all') return AUDIT_EVENT_TYPES;
  const types = [...new Set(splitList(text))];
  const known: readonly string[] = AUDIT_EVENT_TYPES;
  if (types.every((it) => known.includes(it))) return types;
  throw new InvalidArgumentError(`Give all, or some of ${known.join(', ')}, separated by commas.`);
}
