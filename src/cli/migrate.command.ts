import type { Command } from 'commander';
import type { PlannedMigration } from '../database/migrate.js';
import { answering } from './answer.js';
import { withDatabase } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway migrate --plan
  keyway migrate
  DATABASE_URL_FILE=/run/secrets/database-url keyway migrate --json`;

const UP_TO_DATE = 'The schema is up to date.';

/** `keyway migrate`. */
export function registerMigrate(program: Command): void {
  const command = program
    .command('migrate')
    .description('bring the database schema up to date; safe on any number of replicas at once')
    .option('--plan', 'say what would be run, and run nothing of it')
    .addHelpText('after', EXAMPLES);
  answering(command, async ({ plan = false }: { plan?: boolean }) => {
    if (plan) {
      const planned = await withDatabase((database) => database.plannedMigrations());
      const text = planned.length === 0 ? UP_TO_DATE : planned.map(inSql).join('\n\n');
      return { text, json: { planned } };
    }
    const applied = await withDatabase((database) => database.migrate());
    const text = applied.length === 0 ? UP_TO_DATE : `Applied ${applied.join(', ')}.`;
    return { text, json: { applied } };
  });
}

const inSql = ({ name, statements }: PlannedMigration): string =>
  [`-- ${name}`, ...statements.map((statement) => `${statement};`)].join('\n');
