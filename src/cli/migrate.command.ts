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
    const applied = await withDatabase((database) => database.migrate({ say }));
    const text = applied.length === 0 ? UP_TO_DATE : `Applied ${applied.join(', ')}.`;
    return { text, json: { applied } };
  });
}

const KINDS: Readonly<Record<PlannedMigration['kind'], string>> = {
  transactional: 'in one transaction',
  concurrent: 'concurrently, while the table is in use; a small table is locked for an instant instead',
  batched: 'in batches, each in a transaction of its own',
};

const inSql = ({ name, kind, statements }: PlannedMigration): string =>
  [`-- ${name}`, `-- ${KINDS[kind]}`, ...statements.map((statement) => `${statement};`)].join('\n');

/** How it goes, on standard error: it is no part of the answer. */
const say = (line: string): void => void process.stderr.write(`${line}\n`);
