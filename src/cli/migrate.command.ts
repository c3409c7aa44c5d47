import type { Command } from 'commander';
import { answering } from './answer.js';
import { withDatabase } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway migrate
  DATABASE_URL_FILE=/run/secrets/database-url keyway migrate --json`;

/** `keyway migrate`. */
export function registerMigrate(program: Command): void {
  const command = program
    .command('migrate')
    .description('bring the database schema up to date; safe on any number of replicas at once')
    .addHelpText('after', EXAMPLES);
  answering(command, async () => {
    const applied = await withDatabase((database) => database.migrate());
    const text = applied.length === 0 ? 'The schema is up to date.' : `Applied ${applied.join(', ')}.`;
    return { text, json: { applied } };
  });
}
