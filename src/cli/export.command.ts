import type { Command } from 'commander';
import { type Write, writeFileWith } from './output-file.js';
import { Progress } from './progress.js';
import { isStandardOutput, say } from './standard-output.js';
import { withServices } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway export --app shop --output shop.jsonl
  keyway export --app shop | gzip > shop.jsonl.gz

keyway import reads these lines: users, passkeys, devices without a key, and tombstones of what was revoked.
They hold no secrets, but personal data, all of it as it was when the export began.
A file is written beside its place, as <file>.<random>.partial, and takes its name once it is complete.`;

const STEP = 1_000;
const CHUNK = 65_536; // characters

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
    .option('--output <file>', 'where to write them; standard output without this, or for -')
    .option('--json', 'answer in JSON')
    .addHelpText('after', EXAMPLES);
  command.action(async () => {
    const { app, output, json } = command.optsWithGlobals<ExportOptions>();
    const file = output === undefined || output === '-' || (await isStandardOutput(output)) ? null : output;
    const lines = await withServices(async (services) => {
      // Before a file is made or a pipe is opened for an app that there is not.
      await services.apps.get(app);
      const exports = await services.exports();
      const work = (write: Write) => writeLines(exports.export(app, services.ownAppId), write);
      return file === null ? work(say) : writeFileWith(file, work);
    });
    const text = json ? JSON.stringify({ lines }) : `${lines} lines were exported.`;
    if (file !== null) await say(`${text}\n`);
    else if (!json) process.stderr.write(`${text}\n`);
  });
}

/** Gives the number of lines. */
async function writeLines(lines: AsyncIterable<string>, write: Write): Promise<number> {
  const progress = new Progress();
  let [count, pending] = [0, ''];
  try {
    for await (const line of lines) {
      pending += line;
      count += 1;
      if (count % STEP === 0) progress.show(`${count} lines`);
      if (pending.length < CHUNK) continue;
      await write(pending);
      pending = '';
    }
    await write(pending);
  } finally {
    progress.clear();
  }
  return count;
}
