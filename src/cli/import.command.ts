import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { ImportService, type ImportSummary, type RefusedRow } from '../flex/transfer/import.service.js';
import { readRows, TRANSFER_FORMATS, type TransferFormat } from '../flex/transfer/row-source.js';
import { answering } from './answer.js';
import { PartlyDone } from './failure.js';
import { Progress } from './progress.js';
import { withDatabase } from './with-database.js';

const EXAMPLES = `
Examples:
  keyway import --app shop --dry-run passkeys.jsonl
  keyway import --app shop --report refused.jsonl passkeys.jsonl
  keyway import --app shop --format passage-users-csv users.csv
  keyway export --app shop | keyway import --app new-shop -

What is there already stays as it is: the same file can be imported again, also after an import that was cut off. Import
users before their passkeys. A dry run is one long transaction: run it while little else is done.
Without --report, the first rows that are refused are told on standard error.`;

const TOLD = 20;

interface ImportOptions {
  readonly app: string;
  readonly format: TransferFormat;
  readonly dryRun?: boolean;
  readonly report?: string;
}

/** `keyway import`. */
export function registerImport(program: Command): void {
  const command = program
    .command('import')
    .description('take users and passkeys from elsewhere into an app')
    .argument('<file>', 'what to read, or - for standard input')
    .requiredOption('--app <id>', 'id of the app')
    .addOption(new Option('--format <format>', 'what the file is').choices(TRANSFER_FORMATS).default('jsonl'))
    .option('--dry-run', 'do everything and take it back')
    .option('--report <file>', 'write a line of JSON for every row that is refused')
    .addHelpText('after', EXAMPLES);
  answering(command, async (options: ImportOptions, file: string) => {
    const summary = await withDatabase((database) => importFile(new ImportService(database), file, options));
    return { text: describe(summary, options), json: summary, failure: failureOf(summary) };
  });
}

async function importFile(
  service: ImportService,
  file: string,
  { app, format, dryRun = false, report }: ImportOptions,
): Promise<ImportSummary> {
  const source: AsyncIterable<Buffer> = file === '-' ? process.stdin : createReadStream(file);
  const progress = new Progress();
  const reported = report === undefined ? tellFirst(progress) : await writeTo(report);
  try {
    return await service.import(app, readRows(format, source), {
      isDryRun: dryRun,
      onRefused: reported.take,
      onProgress: ({ read, refused }) => progress.show(`${read} rows, ${refused} refused`),
    });
  } finally {
    progress.clear();
    await reported.end();
  }
}

interface Report {
  readonly take: (refused: RefusedRow) => Promise<void> | void;
  readonly end: () => Promise<void>;
}

/** Opened before anything is imported: what cannot be reported is better not begun. */
async function writeTo(path: string): Promise<Report> {
  const file = await open(path, 'w', 0o600);
  return {
    take: async (refused) => void (await file.write(`${JSON.stringify(refused)}\n`)),
    end: () => file.close(),
  };
}

function tellFirst(progress: Progress): Report {
  let told = 0;
  return {
    take: ({ line, code, error }) => {
      told += 1;
      progress.clear();
      if (told <= TOLD) process.stderr.write(`${line}: ${code}: ${error}\n`);
    },
    end: () => Promise.resolve(),
  };
}

const describe = ({ read, created, unchanged, refused }: ImportSummary, { dryRun }: ImportOptions): string =>
  `${read} rows: ${created} created, ${unchanged} unchanged, ${refused} refused.` +
  (dryRun ? ' All of it was taken back.' : '');

const failureOf = ({ read, refused }: ImportSummary): PartlyDone | undefined =>
  refused === 0 ? undefined : new PartlyDone('rows_refused', `${refused} of ${read} rows were refused.`);
