#!/usr/bin/env node
import { migrate } from './migrate.js';

const HELP = `Usage: keyway <command>

Commands:
  migrate   bring the database schema up to date (DATABASE_URL, or the embedded database in DATA_DIR)
`;

const commands: Readonly<Record<string, () => Promise<string>>> = {
  migrate,
  '--help': () => Promise.resolve(HELP),
};

// A container’s first process would ignore them otherwise; the database undoes what was not committed.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(1));

const command = commands[process.argv[2] ?? '--help'];
try {
  if (!command || process.argv.length > 3) throw new Error(`There is no such command.\n\n${HELP}`);
  process.stdout.write(`${(await command()).trimEnd()}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
