import type { Command } from 'commander';
import type { Adoption } from '../flex/stats/stats.service.js';
import { answering } from './answer.js';
import { countWithin } from './argument-parsers.js';
import { list, table } from './format.js';
import { withServices } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway stats --app shop
  keyway stats --app shop --days 90 --json

Days are those of UTC. Every passkey and every sign-in of those days is read.`;

const DAYS = { from: 1, to: 366 };

/** `keyway stats`. */
export function registerStats(program: Command): void {
  const command = program
    .command('stats')
    .description('count the users of an app by their passkeys, its passkeys, and its sign-ins by day')
    .requiredOption('--app <id>', 'id of the app')
    .option('--days <count>', `days of sign-ins, ${DAYS.from} to ${DAYS.to}`, countWithin(DAYS), 30)
    .addHelpText('after', EXAMPLES);
  answering(command, async ({ app, days }: { readonly app: string; readonly days: number }) => {
    const adoption = await withServices(async (services) => {
      await services.apps.get(app);
      return (await services.stats()).of(app, days);
    });
    return { text: inWords(adoption), json: adoption };
  });
}

function inWords({ users, passkeys, providers, signIns }: Adoption): string {
  const counts = list([
    ['users', `${users.total}`],
    ['  without a passkey', `${users.withNone}`],
    ['  with one', `${users.withOne}`],
    ['  with several', `${users.withSeveral}`],
    ['passkeys', `${passkeys.total}`],
    ['  synced', `${passkeys.synced}`],
    ['  on one device', `${passkeys.notSynced}`],
    ['  not known', `${passkeys.unknown}`],
  ]);
  const makers = providers.map(({ provider, passkeys: count }) => [provider ?? 'not known', count]);
  const days = signIns.map(({ day, signIns: count }) => [day, count]);
  return [counts, table(['provider', 'passkeys'], makers), table(['day', 'sign-ins'], days)].join('\n\n');
}
