import { type Command, InvalidArgumentError } from 'commander';
import { API_KEY_SCOPES, type ApiKeyScope } from '../config/configuration.js';
import { splitList } from '../config/environment.js';
import type { ApiKeyRecord } from '../flex/api-keys/api-key.js';
import { answering } from './answer.js';
import { duration, DURATION_HELP } from './argument-parsers.js';
import { UsageError } from './failure.js';
import { table, time } from './format.js';
import { withServices } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway key create shop --expires-in 90d > shop.key
  keyway key create shop --scopes erase,webhooks > shop.key
  keyway key list shop
  keyway key revoke a1B2c3D4e5F6

Changing a key without downtime: create a second one, give it to your servers, watch the first one's last use in
keyway key list, and revoke it. Both are valid meanwhile.`;

const HEADINGS = ['id', 'state', 'created', 'expires', 'last used', 'source', 'scopes'];

/** `keyway key create|list|revoke`. */
export function registerKey(program: Command): void {
  const key = program
    .command('key')
    .usage('<command>')
    .description('the API keys of apps')
    .addHelpText('afterAll', EXAMPLES);
  registerCreate(key);
  registerList(key);
  registerRevoke(key);
}

interface CreateOptions {
  readonly expiresIn?: number;
  readonly scopes?: readonly ApiKeyScope[];
}

const SCOPES: readonly string[] = API_KEY_SCOPES;

function scopes(text: string): readonly string[] {
  const named = [...new Set(splitList(text))];
  if (named.every((it) => SCOPES.includes(it))) return named;
  throw new InvalidArgumentError(`Give some of ${SCOPES.join(', ')}, separated by commas.`);
}

function registerCreate(key: Command): void {
  const command = key
    .command('create')
    .description('make an API key and write it to standard output, the only time that it is shown')
    .argument('<app>', 'id of the app')
    .option('--expires-in <time>', `when it ends, ${DURATION_HELP}; without this, never`, duration)
    .option('--scopes <list>', `what it may do beyond the protocol, some of ${SCOPES.join()}`, scopes);
  answering(command, async ({ expiresIn, scopes = [] }: CreateOptions, app: string) => {
    const made = await withServices(({ keys }) => keys.create(app, expiresIn ?? null, scopes));
    const { id, expiresAt } = made;
    const end = expiresAt ? `until ${time(expiresAt)}` : 'without an end';
    return {
      text: made.key,
      note: `The key ${id} of ${app} is valid ${end}. It is not shown again.`,
      json: made,
    };
  });
}

function registerList(key: Command): void {
  const command = key
    .command('list')
    .description('list every key an app ever had; never their secrets')
    .argument('<app>', 'id of the app');
  answering(command, async (_options, app: string) => {
    const keys = await withServices(({ keys }) => keys.list(app));
    const text = keys.length === 0 ? `The app ${app} has no keys.` : table(HEADINGS, keys.map(toRow));
    return { text, json: keys };
  });
}

function registerRevoke(key: Command): void {
  const command = key
    .command('revoke')
    .description('end an API key at once, on every replica')
    .argument('<key-id>', 'the 12 characters after kw_, as keyway key list shows them');
  answering(command, async (_options, id: string) => {
    requireNoSecret(id);
    const revoked = await withServices(({ keys }) => keys.revoke(id));
    const note =
      revoked.source === 'settings'
        ? 'It came from APP_API_KEY: change or unset that setting before a replica starts again.'
        : undefined;
    return { text: `The key ${id} of ${revoked.appId} is revoked.`, note, json: revoked };
  });
}

/** A whole key on a command line is in the shell's history and in the list of processes: it is not repeated. */
function requireNoSecret(id: string): void {
  if (id.includes('_')) {
    throw new UsageError('Give the key’s id alone, the 12 characters after kw_, and never a whole key.');
  }
}

const toRow = ({ id, state, createdAt, expiresAt, lastUsedAt, source, scopes }: ApiKeyRecord): string[] => [
  id,
  state,
  time(createdAt),
  time(expiresAt),
  time(lastUsedAt),
  source,
  scopes.join(' ') || '-',
];
