import { type Command, InvalidArgumentError } from 'commander';
import { AppError } from '../errors/app-error.js';
import { OperatorError } from '../errors/operator-error.js';
import type { Passkey } from '../flex/devices/passkey.js';
import { isExternalId } from '../users/external-id.js';
import { answering } from './answer.js';
import { confirm } from './confirm.js';
import { list, many, table, time } from './format.js';
import type { Services } from './services.js';
import { withServices } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway user show --app shop user-1
  keyway user devices --app shop user-1 --json
  keyway user revoke --app shop user-1 01a20494-a61b-707e-9674-88c31d4346e7
  keyway user erase --app shop user-1
  keyway user link --app shop user-1 --subject 5f2c9a
  keyway user unlink --app shop user-1

Revoking and erasing take effect at once, on every replica, and are recorded in the audit trail with the actor command-line.
Erasing needs the APP_ID of the service: the identities of that app's users are erased with them. So do linking and
unlinking, which running replicas notice within five seconds for lists, and at once for changes.`;

const HEADINGS = ['id', 'name', 'type', 'provider', 'created', 'last used', 'uses'];

interface OfApp {
  readonly app: string;
}

interface LinkOptions extends OfApp {
  readonly subject: string;
  readonly issuer?: string;
}

/** `keyway user show|devices|revoke|erase|link|unlink`. */
export function registerUser(program: Command): void {
  const user = program
    .command('user')
    .usage('<command>')
    .description('the users of an app, and their passkeys')
    .addHelpText('afterAll', EXAMPLES);
  registerShow(user);
  registerDevices(user);
  registerRevoke(user);
  registerErase(user);
  registerLink(user);
  registerUnlink(user);
}

const userCommand = (user: Command, name: string, description: string): Command =>
  user
    .command(name)
    .description(description)
    .requiredOption('--app <id>', 'id of the app')
    .argument('<external-id>', 'the user, as your application names them');

function registerShow(user: Command): void {
  const command = userCommand(user, 'show', 'show a user');
  answering(command, async ({ app }: OfApp, externalId: string) => {
    const { id, identity, status, loginCount, lastLoginAt, createdAt, updatedAt, devices } =
      await withServices((services) => find(services, app, externalId));
    const passkeys = devices.length;
    const text = list([
      ['id', id],
      ['external ID', externalId],
      ['identity', identity ? `${identity.subject} of ${identity.issuer}` : 'none'],
      ['status', status],
      ['passkeys', `${passkeys}`],
      ['sign-ins', `${loginCount}`],
      ['last sign-in', time(lastLoginAt)],
      ['created', time(createdAt)],
      ['changed', time(updatedAt)],
    ]);
    const json = {
      id,
      externalId,
      identity,
      status,
      passkeys,
      loginCount,
      lastLoginAt,
      createdAt,
      updatedAt,
    };
    return { text, json };
  });
}

function registerDevices(user: Command): void {
  const command = userCommand(user, 'devices', 'list the passkeys of a user, oldest first');
  answering(command, async ({ app }: OfApp, externalId: string) => {
    const { devices } = await withServices((services) => find(services, app, externalId));
    const text =
      devices.length === 0 ? `The user ${externalId} has no passkeys.` : table(HEADINGS, devices.map(toRow));
    return { text, json: devices.map(({ icons: _icons, ...device }) => device) };
  });
}

function registerRevoke(user: Command): void {
  const command = userCommand(user, 'revoke', 'revoke one passkey of a user').argument(
    '<device-id>',
    'its id, as keyway user devices lists it',
  );
  answering(command, async ({ app }: OfApp, externalId: string, deviceId: string) => {
    await withServices(async (services) => {
      await find(services, app, externalId);
      // A command obeys the app as the person themself would.
      await (await services.devices()).revoke(app, { externalId }, deviceId, {}).catch(asOperatorError);
    });
    const text = `The passkey ${deviceId} of ${externalId} is revoked.`;
    return { text, json: { appId: app, externalId, deviceId } };
  });
}

function registerErase(user: Command): void {
  const command = userCommand(user, 'erase', 'erase a user with all that points at a person').option(
    '--yes',
    'do not ask',
  );
  answering(command, async ({ app, yes }: OfApp & { readonly yes?: boolean }, externalId: string) => {
    const passkeys = await withServices(async (services) => {
      const { devices } = await find(services, app, externalId);
      await requireOwnApp(services);
      const content = many(devices.length, 'passkey');
      await confirm(
        `This erases the user ${externalId} of ${app} with ${content} for good.`,
        externalId,
        yes,
      );
      await (await services.users()).erase(app, { externalId });
      return devices.length;
    });
    const text = `Erased the user ${externalId} of ${app} with ${many(passkeys, 'passkey')}.`;
    return { text, json: { appId: app, externalId, passkeys } };
  });
}

function registerLink(user: Command): void {
  const command = userCommand(user, 'link', 'tie a user to the identity that their tokens name')
    .requiredOption('--subject <subject>', 'the sub claim of their tokens', subjectText)
    .option('--issuer <issuer>', 'the iss claim; may be left out where JWT_ISSUER is only one');
  answering(command, async ({ app, subject, issuer: named }: LinkOptions, externalId: string) => {
    const issuer = await withServices(async (services) => {
      requireIdentities(services, app);
      requireExternalId(externalId);
      const issuer = services.issuerOf(named);
      await (await services.identities()).link(app, externalId, { issuer, subject });
      return issuer;
    });
    const text = `${externalId} of ${app} is linked to ${subject} of ${issuer}.`;
    return { text, json: { appId: app, externalId, issuer, subject } };
  });
}

function registerUnlink(user: Command): void {
  const command = userCommand(user, 'unlink', 'undo the tie of a user to their identity');
  answering(command, async ({ app }: OfApp, externalId: string) => {
    const identity = await withServices(async (services) => {
      requireIdentities(services, app);
      return (await services.identities()).unlink(app, externalId);
    });
    const text = `${externalId} of ${app} is no longer linked to ${identity.subject} of ${identity.issuer}.`;
    return { text, json: { appId: app, externalId, ...identity } };
  });
}

/** Only the app of the user's API has identities. */
function requireIdentities({ ownAppId }: Services, app: string): void {
  if (app === ownAppId) return;
  throw new OperatorError(
    'invalid_settings',
    'Set APP_ID, or in remote mode PASSAGE_APP_ID, to that of the service, and name this app: only its users have identities.',
  );
}

function requireExternalId(externalId: string): void {
  if (isExternalId(externalId)) return;
  throw new OperatorError(
    'invalid_request',
    'Give an external ID of 1 to 255 characters without control characters, and not . or ...',
  );
}

function subjectText(text: string): string {
  if (text !== '' && text.length <= 255 && text.isWellFormed()) return text;
  throw new InvalidArgumentError('Give 1 to 255 characters.');
}

/** A user with their passkeys. Throws `app_not_found`, `user_not_found`. */
async function find(services: Services, app: string, externalId: string) {
  await services.apps.get(app);
  const { user, identity, devices } = await (await services.users()).get(app, { externalId });
  return { ...user, identity: identity && { issuer: identity.issuer, subject: identity.subject }, devices };
}

function asOperatorError(cause: unknown): never {
  if (!(cause instanceof AppError && cause.code === 'last_passkey')) throw cause;
  throw new OperatorError(
    'last_passkey',
    'It is the last passkey with which the user can sign in, and the app has --last-passkey deny: set warn or allow first.',
    { cause },
  );
}

/** Half of an erasure would be none. */
async function requireOwnApp({ apps, ownAppId }: Services): Promise<void> {
  if (ownAppId !== '') return void (await apps.get(ownAppId));
  throw new OperatorError(
    'invalid_settings',
    'Set APP_ID to that of the service: the identities of the users of that app are erased with them.',
  );
}

const toRow = ({ id, friendlyName, type, provider, createdAt, lastLoginAt, usageCount }: Passkey) => [
  id,
  friendlyName,
  type,
  provider ?? 'unknown',
  time(createdAt),
  time(lastLoginAt),
  usageCount,
];
