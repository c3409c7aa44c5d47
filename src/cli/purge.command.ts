import type { Command } from 'commander';
import { answering } from './answer.js';
import { list } from './format.js';
import { withServices } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway purge
  keyway purge --json`;

/** `keyway purge`. */
export function registerPurge(program: Command): void {
  const command = program
    .command('purge')
    .description('delete what has long expired, as every running replica does each minute')
    .addHelpText('after', EXAMPLES);
  answering(command, async () => {
    const gone = await withServices(async (services) => (await services.purge()).purge());
    return { text: list(Object.entries(gone).map(([kind, count]) => [kind, `${count}`])), json: gone };
  });
}
