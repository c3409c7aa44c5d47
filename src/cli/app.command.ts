import type { Command } from 'commander';
import type { Database } from '../database/database.js';
import type { AppFields, AppRecord } from '../flex/apps/app.js';
import { AppRepository } from '../flex/apps/app.repository.js';
import { AppsService } from '../flex/apps/apps.service.js';
import { answering } from './answer.js';
import { addAppOptions, toAppFields } from './app-options.js';
import { appDetails, appTable, toJson } from './app-view.js';
import { confirm } from './confirm.js';
import { UsageError } from './failure.js';
import { many } from './format.js';
import { withDatabase } from './with-database.js';

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

const appsOn = (database: Database) => new AppsService(database, new AppRepository(database));

type Confirmable = { readonly yes?: boolean };

/** `keyway app create|list|show|update|delete`. */
export function registerApp(program: Command): void {
  const app = program
    .command('app')
    .usage('<command>')
    .description('apps: who relies on passkeys, from where, and by what rules')
    .addHelpText('afterAll', EXAMPLES);
  registerCreate(app);
  registerList(app);
  registerShow(app);
  registerUpdate(app);
  registerDelete(app);
}

function registerCreate(app: Command): void {
  const command = app.command('create').description('make an app').argument('<app>', 'its id, for good');
  addAppOptions(command, 'required');
  answering(command, async (options: Pick<AppFields, 'rpId' | 'origins'>, id: string) => {
    const fields = { ...options, ...toAppFields(options) };
    const made = await withDatabase((database) => appsOn(database).create(id, fields), {
      mayBeNew: true,
    });
    return { text: appDetails(made), note: noteOn(made), json: toJson(made) };
  });
}

function registerList(app: Command): void {
  const command = app.command('list').description('list every app');
  answering(command, async () => {
    const apps = await withDatabase((database) => appsOn(database).list());
    return { text: apps.length === 0 ? 'There are no apps.' : appTable(apps), json: apps.map(toJson) };
  });
}

function registerShow(app: Command): void {
  const command = app.command('show').description('show an app').argument('<app>', 'its id');
  answering(command, async (_options, id: string) => {
    const found = await withDatabase((database) => appsOn(database).get(id));
    return { text: appDetails(found), json: toJson(found) };
  });
}

function registerUpdate(app: Command): void {
  const command = app.command('update').description('change an app').argument('<app>', 'its id');
  addAppOptions(command, 'optional').option('--yes', 'do not ask before a new RP ID makes passkeys useless');
  answering(command, async ({ yes, ...options }: Confirmable, id: string) => {
    const changes = toAppFields(options);
    if (Object.keys(changes).length === 0) throw new UsageError('Name something to change; --help lists it.');
    const changed = await withDatabase(async (database) => {
      const apps = appsOn(database);
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
    const { users, passkeys } = await withDatabase(async (database) => {
      const apps = appsOn(database);
      const found = await apps.get(id);
      const content = `${many(found.users, 'user')} and ${many(found.passkeys, 'passkey')}`;
      await confirm(`This deletes the app ${id} with ${content} for good.`, id, yes);
      return apps.delete(id);
    });
    const text = `Deleted the app ${id} with ${many(users, 'user')} and ${many(passkeys, 'passkey')}.`;
    return { text, json: { id, users, passkeys } };
  });
}

const noteOn = ({ aaguidAllow }: AppRecord): string | undefined =>
  aaguidAllow === null
    ? undefined
    : 'Allowed AAGUIDs are proven by FIDO metadata: without FIDO_METADATA_FILE the service lets nobody register.';
