import { Injectable } from '@nestjs/common';
import { Database, type DatabaseTransaction } from '../database/database.js';
import { SQL_STATE, sqlStateOf } from '../database/sql-state.js';
import { AuditTrail } from '../events/audit-trail.js';
import { appNotFound } from '../flex/apps/apps.service.js';
import { identityOf, ImportPlan, type RowOutcome, type TieRules } from './import-plan.js';
import { ImportStateRepository, type KnownTie } from './import-state.repository.js';
import { ImportWritesRepository, StateChanged } from './import-writes.repository.js';
import { RowRefusal, type SourceRow, type TransferRow } from './formats/transfer-row.js';

/** How many rows were read, and what became of them: `read` is the sum of the others. */
export interface ImportSummary {
  readonly read: number;
  readonly created: number;
  readonly unchanged: number;
  readonly refused: number;
}

/** A refused row, as it is reported. */
export interface RefusedRow {
  readonly line: number;
  readonly code: string;
  readonly error: string;
}

/** How an import runs, and who is told of its progress. */
export interface ImportOptions {
  /** Does everything in one transaction and rolls it back; `rows` should not keep it waiting. */
  readonly isDryRun?: boolean;
  /** How rows with a subject are read; without this they are refused. */
  readonly ties?: TieRules;
  readonly onRefused?: (refused: RefusedRow) => Promise<void> | void;
  /** Called after each batch with what was done so far. */
  readonly onProgress?: (soFar: ImportSummary) => void;
}

/** What holds for all batches of an import. */
interface ImportTerms {
  /** External IDs of the users whose own rows were refused so far. */
  readonly withheld: Set<string>;
  readonly ties: TieRules;
}

const NO_TIES: TieRules = { isOwnApp: false, issuers: [], issuer: null };

/** Imports a batch of rows that could be read; the outcomes are in their order. */
type Take = (batch: readonly TransferRow[]) => Promise<RowOutcome[]>;

const BATCH = 500;
const ATTEMPTS = 5;
/** Another transaction has created or deleted what the batch was planned on, or has deadlocked with it. */
const TRANSIENT: readonly unknown[] = [
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

/**
 * Imports users and passkeys into an app. What exists stays as it is, so the same file can be imported again, also to
 * finish an import that was interrupted.
 */
@Injectable()
export class ImportService {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly state: ImportStateRepository,
    private readonly writes: ImportWritesRepository,
  ) {}

  /** Commits every 500 rows. Throws `OperatorError` if there is no such app; errors of `rows` and `onRefused` go through. */
  async import(
    appId: string,
    rows: AsyncIterable<SourceRow>,
    options: ImportOptions = {},
  ): Promise<ImportSummary> {
    if (!(await this.state.hasApp(appId, this.database))) throw appNotFound(appId);
    const withheld = new Set<string>();
    const { ties = NO_TIES } = options;
    const run = (take: Take) => this.run(rows, options, withheld, take);
    if (!options.isDryRun) return run((batch) => this.commit(appId, batch, { withheld, ties }));
    const dryRun = this.database.transaction(async (tx) => {
      // The transaction waits for the file between its statements.
      await this.state.allowIdleness(tx);
      throw new DryRunDone(await run((batch) => this.apply(appId, batch, { withheld, ties }, tx)));
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
    for await (const batch of readAhead(batchesOf(rows))) {
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
          await onRefused?.({ line, code: outcome.reason, error: outcome.message });
        }
      }
      onProgress?.({ ...soFar });
    }
    return soFar;
  }

  private async commit(
    appId: string,
    rows: readonly TransferRow[],
    terms: ImportTerms,
  ): Promise<RowOutcome[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.database.transaction((tx) => this.apply(appId, rows, terms, tx));
      } catch (error) {
        const isTransient = error instanceof StateChanged || TRANSIENT.includes(sqlStateOf(error));
        if (!isTransient || attempt === ATTEMPTS) throw error;
      }
    }
  }

  private async apply(
    appId: string,
    rows: readonly TransferRow[],
    { withheld, ties }: ImportTerms,
    tx: DatabaseTransaction,
  ): Promise<RowOutcome[]> {
    if (rows.length === 0) return [];
    await this.state.forgetPlans(tx);
    const identities = rows.flatMap((row) => identityIn(row, ties));
    const plan = new ImportPlan(await this.state.load(appId, rows, identities, tx), withheld, ties);
    const outcomes = new Map<TransferRow, RowOutcome>();
    // Within a batch, users are placed before their passkeys, in any order of the file.
    const inOrder = rows.toSorted((one, other) => ORDER[one.kind] - ORDER[other.kind]);
    for (const row of inOrder) outcomes.set(row, plan.place(row));
    await this.writes.write(appId, plan, tx);
    const imported = plan.passkeys.map(({ id, userId }) => ({
      type: 'passkey.imported' as const,
      appId,
      userId,
      deviceId: id,
    }));
    const linked = plan.ties.map(({ externalId }) => ({
      type: 'user.linked' as const,
      appId,
      userId: plan.userIdOf(externalId),
    }));
    await this.audit.recordAll([...linked, ...imported], tx);
    return rows.map((row) => outcomes.get(row)!);
  }
}

/** The identity of a row as it is looked up; none for one that will be refused. */
function identityIn(row: TransferRow, ties: TieRules): KnownTie[] {
  try {
    const identity = identityOf(row, ties);
    return identity && 'externalId' in row ? [{ ...identity, externalId: row.externalId }] : [];
  } catch (error) {
    if (error instanceof RowRefusal) return [];
    throw error;
  }
}

class DryRunDone extends Error {
  constructor(readonly summary: ImportSummary) {
    super('The dry run is rolled back.');
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

/** Reads the next batch while the one before it is written, so that both the processor and the database are at work. */
async function* readAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    for (let next = source.next(); ;) {
      const batch = await next;
      if (batch.done) return;
      next = source.next();
      // It is thrown once this batch is written.
      next.catch(() => undefined);
      yield batch.value;
    }
  } finally {
    // Not awaited: what is read may be a pipe that brings nothing more.
    source.return(undefined).catch(() => undefined);
  }
}
