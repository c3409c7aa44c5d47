import { type Command, Option } from 'commander';
import type { ImportSummary, RefusedRow } from '../transfer/import.service.js';
import { TRANSFER_FORMATS, type TransferFormat } from '../transfer/formats/transfer-format.js';
import { answering } from './answer.js';
import { PartlyDone } from './failure.js';
import { type ImportReport, keepFirst, reportTo, tellFirst } from './import-report.js';
import { type InputFile, openInput } from './input-file.js';
import { Progress } from './progress.js';
import { spooled } from './spool.js';
import type { Services } from './services.js';
import { withServices } from './with-services.js';

const EXAMPLES = `
Examples:
  keyway import --app shop --dry-run passkeys.jsonl
  keyway import --app shop --report refused.jsonl passkeys.jsonl
  keyway import --app shop --format passage-users-csv users.csv
  keyway export --app shop | keyway import --app new-shop -

What is there already stays as it is: the same file can be imported again, also after an import that was cut off. Import
users before their passkeys. Rows with a subject tie the user to that identity; that needs the APP_ID of the service, and
its JWT_ISSUER or --issuer. A dry run is one long transaction, which begins once all of the input is there: run it while little else is done.
Without --report, the first rows that are refused are told on standard error, or with --json in its "refusals".`;

interface ImportOptions {
  readonly app: string;
  readonly format: TransferFormat;
  readonly dryRun?: boolean;
  readonly report?: string;
  readonly issuer?: string;
}

/** `keyway import`. */
export function registerImport(program: Command): void {
  const command = program
    .command('import')
    .description('import users and passkeys into an app')
    .argument('<file>', 'what to read, or - for standard input')
    .requiredOption('--app <id>', 'id of the app')
    .addOption(new Option('--format <format>', 'what the file is').choices(TRANSFER_FORMATS).default('jsonl'))
    .option('--issuer <issuer>', 'the iss claim of the users’ tokens, for rows with a subject that name none')
    .option('--dry-run', 'do everything, then roll it back')
    .option('--report <file>', 'write a line of JSON for every row that is refused')
    .addHelpText('after', EXAMPLES);
  answering(command, async (options: ImportOptions, file: string) => {
    const { json } = command.optsWithGlobals<{ json?: true }>();
    const refusals: RefusedRow[] | undefined = json && options.report === undefined ? [] : undefined;
    const input = await openInput(file);
    const imported = withServices((services) => importFrom(input, services, options, refusals));
    const summary = await imported.finally(() => input.close());
    return {
      text: describe(summary, options),
      json: { ...summary, refusals },
      failure: failureOf(summary),
    };
  });
}

async function importFrom(
  input: InputFile,
  services: Services,
  { app, format, dryRun = false, report, issuer }: ImportOptions,
  refusals: RefusedRow[] | undefined,
): Promise<ImportSummary> {
  // Before the report of another import is emptied for an app that there is not.
  await services.apps.get(app);
  const imports = await services.imports();
  const { readRows } = await import('../transfer/formats/row-source.js');
  const { issuers, ownAppId } = services;
  const usual = services.usualIssuer(issuer);
  const progress = new Progress();
  // Opened before anything is imported: what cannot be reported is better not begun.
  const reported = report === undefined ? firstOf(refusals, progress) : await reportTo(report, input);
  try {
    const importAll = (bytes: AsyncIterable<Buffer>) =>
      imports.import(app, readRows(format, bytes), {
        isDryRun: dryRun,
        ties: { isOwnApp: app === ownAppId, issuers, issuer: usual },
        onRefused: reported.take,
        onProgress: ({ read, refused }) => progress.show(`${read} rows, ${refused} refused`),
      });
    // A dry run is one transaction, which keeps what it locks from the service: it must not wait for a slow pipe.
    return await (dryRun && !input.stats.isFile() ? spooled(input.bytes, importAll) : importAll(input.bytes));
  } finally {
    progress.clear();
    await reported.end();
  }
}

const firstOf = (refusals: RefusedRow[] | undefined, progress: Progress): ImportReport =>
  refusals ? keepFirst(refusals) : tellFirst(progress);

const describe = ({ read, created, unchanged, refused }: ImportSummary, { dryRun }: ImportOptions): string =>
  `${read} rows: ${created} created, ${unchanged} unchanged, ${refused} refused.` +
  (dryRun ? ' All of it was rolled back.' : '');

const failureOf = ({ read, refused }: ImportSummary): PartlyDone | undefined =>
  refused === 0 ? undefined : new PartlyDone('rows_refused', `${refused} of ${read} rows were refused.`);
