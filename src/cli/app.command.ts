import type { Command } from 'commander';
import { isDeepStrictEqual } from 'node:util';
import { tidyAppName } from '../config/app-rules.js';
import { OperatorError } from '../errors/operator-error.js';
import type { AppFields, AppRecord } from '../flex/apps/app.js';
import { answering } from './answer.js';
import { addAppOptions, flagOf, toAppFields } from './app-options.js';
import { appDetails, appTable, toJson } from './app-view.js';
import { confirm } from './confirm.js';
import { UsageError } from './failure.js';
import { many } from './format.js';
import { withServices } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway app create shop --rp-id shop.example --origins https://shop.example,https://account.shop.example
  keyway app update shop --name "The Shop" --related-origins https://shop.example.org
  keyway app update shop --user-verification preferred --nonce-ttl 2m --handshake-ttl default
  keyway app list --json
  keyway app show shop
  keyway app delete shop

A list takes the place of the one there was. Running replicas notice a change within five seconds. The APP_* settings
overwrite what they name of their own app at each start.`;

type Confirmable = { readonly yes?: boolean };

/** `keyway app create|list|show|update|delete`. */
export function registerApp(program: Command): void {
  const app = program
    .command('app')
    .usage('<command>')
    .description('apps: the relying parties, with their origins and policies')
    .addHelpText('afterAll', EXAMPLES);
  registerCreate(app);
  registerList(app);
  registerShow(app);
  registerUpdate(app);
  registerDelete(app);
}

type CreateOptions = Pick<AppFields, 'rpId' | 'origins'> & { readonly ifNotExists?: boolean };

function registerCreate(app: Command): void {
  const command = app
    .command('create')
    .description('make an app')
    .argument('<app>', 'app ID (cannot be changed)');
  addAppOptions(command, 'required').option(
    '--if-not-exists',
    'show the app instead, if there is one already',
  );
  answering(command, async ({ ifNotExists, ...options }: CreateOptions, id: string) => {
    const fields = { ...options, ...toAppFields(options) };
    const created = withServices(
      ({ apps }) =>
        apps.create(id, fields).catch((error: unknown) => {
          if (ifNotExists && error instanceof OperatorError && error.code === 'app_exists')
            return apps.get(id);
          throw error;
        }),
      { mayBeNew: true },
    );
    const made = await created;
    return {
      text: appDetails(made),
      note: noteOn(made),
      warning: differenceOf(made, fields),
      json: toJson(made),
    };
  });
}

/** Names the fields that an app has otherwise than it was to be made with. */
function differenceOf(app: AppRecord, fields: Partial<AppFields>): string | undefined {
  const given = Object.entries({
    ...fields,
    ...(fields.name !== undefined && { name: tidyAppName(fields.name) }),
  });
  const other = given.filter(([field, value]) => !isDeepStrictEqual(app[field as keyof AppFields], value));
  if (other.length === 0) return undefined;
  const flags = other.map(([field]) => flagOf(field)).join(', ');
  return `The app ${app.id} exists with another ${flags}: change it by keyway app update.`;
}

function registerList(app: Command): void {
  const command = app.command('list').description('list every app');
  answering(command, async () => {
    const apps = await withServices(({ apps }) => apps.list());
    return { text: apps.length === 0 ? 'There are no apps.' : appTable(apps), json: apps.map(toJson) };
  });
}

function registerShow(app: Command): void {
  const command = app.command('show').description('show an app').argument('<app>', 'its id');
  answering(command, async (_options, id: string) => {
    const found = await withServices(({ apps }) => apps.get(id));
    return { text: appDetails(found), json: toJson(found) };
  });
}

function registerUpdate(app: Command): void {
  const command = app.command('update').description('change an app').argument('<app>', 'its id');
  addAppOptions(command, 'optional').option('--yes', 'do not ask before a new RP ID makes passkeys useless');
  answering(command, async ({ yes, ...options }: Confirmable, id: string) => {
    const changes = toAppFields(options);
    if (Object.keys(changes).length === 0) throw new UsageError('Name something to change; --help lists it.');
    const changed = await withServices(async ({ apps }) => {
      const { rpId, passkeys } = await apps.get(id);
      if (changes.rpId !== undefined && changes.rpId !== rpId && passkeys > 0) {
        const lost = `Passkeys are bound to the RP ID ${rpId}: ${many(passkeys, 'passkey')} of ${id} will not work.`;
        await confirm(lost, id, yes);
      }
      return apps.update(id, changes);
    });
    return { text: appDetails(changed), note: noteOn(changed), json: toJson(changed) };
  });
}

function registerDelete(app: Command): void {
  const command = app
    .command('delete')
    .description('delete an app with its keys, users and passkeys; the audit trail alone stays')
    .argument('<app>', 'its id')
    .option('--yes', 'do not ask');
  answering(command, async ({ yes }: Confirmable, id: string) => {
    const { users, passkeys } = await withServices(async ({ apps }) => {
      const found = await apps.get(id);
      const content = `${many(found.users, 'user')} and ${many(found.passkeys, 'passkey')}`;
      await confirm(`This deletes the app ${id} with ${content} for good.`, id, yes);
      return apps.delete(id);
    });
    const text = `Deleted the app ${id} with ${many(users, 'user')} and ${many(passkeys, 'passkey')}.`;
    return { text, json: { id, users, passkeys } };
  });
}

const noteOn = ({ aaguidAllow, attestationTrust }: AppRecord): string | undefined =>
  aaguidAllow === null && attestationTrust === 'optional'
    ? undefined
    : 'Attestations are trusted by FIDO metadata: without FIDO_METADATA_FILE no user of this app can register.';
