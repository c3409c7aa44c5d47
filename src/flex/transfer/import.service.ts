import type { Database, DatabaseTransaction } from '../../database/database.js';
import { SQL_STATE, sqlStateOf } from '../../database/sql-state.js';
import { statement } from '../../database/statement.js';
import { AuditTrail } from '../../events/audit-trail.js';
import { AuditRepository } from '../../events/audit.repository.js';
import { appNotFound } from '../apps/apps.service.js';
import { ImportPlan, type RowOutcome } from './import-plan.js';
import { loadState } from './import-state.js';
import { StateChanged, writePlan } from './import-writes.js';
import { RowRefusal } from './row-refusal.js';
import type { SourceRow, TransferRow } from './transfer-row.js';

/** How many of the rows read became what. `read` is the sum of the others. */
export interface ImportSummary {
  readonly read: number;
  readonly created: number;
  readonly unchanged: number;
  readonly refused: number;
}

/** A row that was not taken in, as it is reported. */
export interface RefusedRow {
  readonly line: number;
  readonly code: string;
  readonly error: string;
}

export interface ImportOptions {
  /** Does everything and takes it back. */
  readonly isDryRun?: boolean;
  readonly onRefused?: (refused: RefusedRow) => Promise<void> | void;
  /** Called after each batch with what was done so far. */
  readonly onProgress?: (soFar: ImportSummary) => void;
}

/** Takes a batch of sound rows in, and gives the outcome of each. */
type Take = (batch: readonly TransferRow[]) => Promise<RowOutcome[]>;

const BATCH = 500;
const ATTEMPTS = 5;
/** Unique and foreign keys that another changed meanwhile, and deadlocks with sign-ins. */
const WORTH_ANOTHER_TRY: readonly unknown[] = [
  SQL_STATE.uniqueViolation,
  SQL_STATE.foreignKeyViolation,
  SQL_STATE.deadlockDetected,
];
const ORDER: Readonly<Record<TransferRow['kind'], number>> = {
  user: 0,
  tombstone: 1,
  passkey: 1,
  legacy_device: 2,
};

const FIND_APP = statement('import.app', 'select id from apps where id = $1');
// A dry run is one transaction, which waits for the file between its statements.
const ALLOW_IDLENESS = statement('import.idle', 'set local idle_in_transaction_session_timeout = 0');

/**
 * Takes users and passkeys into an app. What is there already stays as it is, so that a file can be imported again, and
 * an import that was cut off is taken up by starting anew.
 */
export class ImportService {
  private readonly audit: AuditTrail;

  constructor(private readonly database: Database) {
    this.audit = new AuditTrail(new AuditRepository(database));
  }

  /** Throws `OperatorError` if there is no such app. */
  async import(
    appId: string,
    rows: AsyncIterable<SourceRow>,
    options: ImportOptions = {},
  ): Promise<ImportSummary> {
    if ((await this.database.query(FIND_APP, [appId])).length === 0) throw appNotFound(appId);
    const withheld = new Set<string>();
    const run = (take: Take) => this.run(rows, options, withheld, take);
    if (!options.isDryRun) return run((batch) => this.commit(appId, batch, withheld));
    const dryRun = this.database.transaction(async (tx) => {
      await tx.query(ALLOW_IDLENESS, []);
      throw new DryRunDone(await run((batch) => this.apply(appId, batch, withheld, tx)));
    });
    return dryRun.catch((error: unknown) => {
      if (error instanceof DryRunDone) return error.summary;
      throw error;
    });
  }

  private async run(
    rows: AsyncIterable<SourceRow>,
    { onRefused, onProgress }: ImportOptions,
    withheld: Set<string>,
    take: Take,
  ): Promise<ImportSummary> {
    const soFar = { read: 0, created: 0, unchanged: 0, refused: 0 };
    for await (const batch of batchesOf(rows)) {
      for (const { row } of batch) {
        if (row instanceof RowRefusal && row.externalId !== null) withheld.add(row.externalId);
      }
      const sound = batch.flatMap(({ row }) => (row instanceof RowRefusal ? [] : [row]));
      const outcomes = (await take(sound)).values();
      for (const { line, row } of batch) {
        const outcome = row instanceof RowRefusal ? row : outcomes.next().value!;
        soFar.read += 1;
        soFar[outcome instanceof RowRefusal ? 'refused' : outcome] += 1;
        if (outcome instanceof RowRefusal) {
          await onRefused?.({ line, code: outcome.code, error: outcome.message });
        }
      }
      onProgress?.({ ...soFar });
    }
    return soFar;
  }

  private async commit(
    appId: string,
    rows: readonly TransferRow[],
    withheld: Set<string>,
  ): Promise<RowOutcome[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.database.transaction((tx) => this.apply(appId, rows, withheld, tx));
      } catch (error) {
        const isPassing = error instanceof StateChanged || WORTH_ANOTHER_TRY.includes(sqlStateOf(error));
        if (!isPassing || attempt === ATTEMPTS) throw error;
      }
    }
  }

  private async apply(
    appId: string,
    rows: readonly TransferRow[],
    withheld: Set<string>,
    tx: DatabaseTransaction,
  ): Promise<RowOutcome[]> {
    if (rows.length === 0) return [];
    const plan = new ImportPlan(await loadState(appId, rows, tx), withheld);
    const outcomes = new Map<TransferRow, RowOutcome>();
    // Within a batch, users come before what is theirs, wherever they stand.
    const inOrder = rows.toSorted((one, other) => ORDER[one.kind] - ORDER[other.kind]);
    for (const row of inOrder) outcomes.set(row, plan.place(row));
    await writePlan(appId, plan, tx);
    const imported = plan.passkeys.map(({ id, userId }) => ({
      type: 'imported' as const,
      appId,
      userId,
      deviceId: id,
    }));
    await this.audit.recordAll(imported, tx);
    return rows.map((row) => outcomes.get(row)!);
  }
}

class DryRunDone extends Error {
  constructor(readonly summary: ImportSummary) {
    super('The dry run is taken back.');
  }
}

async function* batchesOf(rows: AsyncIterable<SourceRow>): AsyncGenerator<readonly SourceRow[]> {
  let batch: SourceRow[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
