import type { Command } from 'commander';
import { OperatorError } from '../errors/operator-error.js';
import type { Reapplication } from '../transfer/reapply.service.js';
import { answering } from './answer.js';
import { confirm } from './confirm.js';
import { many } from './format.js';
import { openInput } from './input-file.js';
import { withServices } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway reapply --app shop --dry-run events.jsonl
  keyway reapply --app shop --yes events-2026-11-26.jsonl events-2026-11-27.jsonl
  DATABASE_URL=$OLD_DATABASE_URL keyway events --app shop --since 2d --all | keyway reapply --app shop --yes -

After a backup was restored, this revokes the passkeys, erases the users and undoes the ties that the events of the
time since say were revoked, erased and undone. It reads lines of JSON: what keyway events --all writes, pages of
GET /v1/apps/{app}/events, or the bodies of webhooks. Whatever is gone already is passed over, so that events from
before the backup do no harm and the same file can be given again. It needs the APP_ID of the service. Unless every
line is an event, nothing is done. docs/backup.md has the whole of a restore.`;

interface ReapplyOptions {
  readonly app: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `keyway reapply`. */
export function registerReapply(program: Command): void {
  const command = program
    .command('reapply')
    .description('take away again, after a restore, what events say was taken away')
    .argument('<file...>', 'events in lines of JSON, or - for standard input')
    .requiredOption('--app <id>', 'id of the app')
    .option('--dry-run', 'only say what would be done')
    .option('--yes', 'do not ask')
    .addHelpText('after', EXAMPLES);
  answering(command, async ({ app, dryRun = false, yes }: ReapplyOptions, files: string[]) => {
    const plan = await withServices(async (services) => {
      await services.apps.get(app);
      if (services.ownAppId === '') throw new OperatorError('invalid_settings', OWN_APP);
      const reapply = await services.reapply();
      const plan = await reapply.plan(app, eventsIn(files), { hasIdentities: app === services.ownAppId });
      if (dryRun || isEmpty(plan)) return plan;
      await confirm(`${wordsOf(plan, 'This revokes', 'undoes', 'erases')} of ${app} for good.`, app, yes);
      await reapply.apply(app, plan);
      return plan;
    });
    const gone = plan.read - plan.revoke.length - plan.erase.length - plan.unlink.length;
    const done = dryRun
      ? wordsOf(plan, 'Would revoke', 'undo', 'erase')
      : wordsOf(plan, 'Revoked', 'undid', 'erased');
    return {
      text: `${done}; ${gone} of ${plan.read} were gone already.`,
      json: { appId: app, dryRun, revoked: plan.revoke, erased: plan.erase, unlinked: plan.unlink, gone },
    };
  });
}

const OWN_APP =
  'Set APP_ID to that of the service: the identities of the users of that app are erased with them.';

const isEmpty = ({ revoke, erase, unlink }: Reapplication): boolean =>
  revoke.length + erase.length + unlink.length === 0;

const wordsOf = ({ revoke, erase, unlink }: Reapplication, revokes: string, undoes: string, erases: string) =>
  `${revokes} ${many(revoke.length, 'passkey')}, ${undoes} ${many(unlink.length, 'tie')} and ${erases} ${many(erase.length, 'user')}`;

/** All files are read before anything is done. */
async function* eventsIn(files: readonly string[]) {
  const { readEvents, UnreadableEvent } = await import('../transfer/told-events.js');
  for (const file of files) {
    const input = await openInput(file);
    try {
      yield* readEvents(input.bytes);
    } catch (error) {
      if (!(error instanceof UnreadableEvent)) throw error;
      throw new OperatorError('invalid_events', `${input.name}: ${error.message} Nothing was changed.`, {
        cause: error,
      });
    } finally {
      await input.close();
    }
  }
}
