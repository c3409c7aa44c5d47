import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { ExportService } from '../flex/transfer/export.service.js';
import { Progress } from './progress.js';
import { withDatabase } from './with-database.js';

const EXAMPLES = `
Examples:
  keyway export --app shop --output shop.jsonl
  keyway export --app shop | gzip > shop.jsonl.gz

The lines are what keyway import takes in: users, passkeys, devices without a key, and tombstones of what was revoked.
They hold no secrets, but personal data. What is changed meanwhile may be in them or not.`;

const STEP = 1_000;

interface ExportOptions {
  readonly app: string;
  readonly output?: string;
  readonly json?: true;
}

/** `keyway export`. Without `--output` the answer is the export itself. */
export function registerExport(program: Command): void {
  const command = program
    .command('export')
    .description('write an app’s users and passkeys as lines of JSON')
    .requiredOption('--app <id>', 'id of the app')
    .option('--output <file>', 'where to write them, instead of standard output')
    .option('--json', 'answer in JSON')
    .addHelpText('after', EXAMPLES);
  command.action(async () => {
    const { app, output, json } = command.opts<ExportOptions>();
    const lines = await withDatabase((database) => write(new ExportService(database).export(app), output));
    const text = json ? JSON.stringify({ lines }) : `${lines} lines were exported.`;
    if (output !== undefined) process.stdout.write(`${text}\n`);
    else if (!json) process.stderr.write(`${text}\n`);
  });
}

async function write(lines: AsyncIterable<string>, output: string | undefined): Promise<number> {
  const progress = new Progress();
  let count = 0;
  async function* counted(): AsyncGenerator<string> {
    for await (const line of lines) {
      yield line;
      count += 1;
      if (count % STEP === 0) progress.show(`${count} lines`);
    }
  }
  try {
    if (output === undefined) await pipeline(Readable.from(counted()), process.stdout, { end: false });
    else await pipeline(counted(), createWriteStream(output, { mode: 0o600 }));
  } finally {
    progress.clear();
  }
  return count;
}
