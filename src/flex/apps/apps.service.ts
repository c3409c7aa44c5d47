import type { Database, DatabaseTransaction } from '../../database/database.js';
import { SQL_STATE, sqlStateOf } from '../../database/sql-state.js';
import { type Statement, statement } from '../../database/statement.js';
import { OperatorError } from '../../errors/operator-error.js';
import { findAppProblems } from './app-field-rules.js';
import {
  type AppFields,
  type AppRecord,
  type AppRecordRow,
  INSERT,
  LIST,
  NEW_APP,
  REPLACE,
  SHOW,
  SHOW_AND_HOLD,
  toRecord,
  toValues,
} from './app-record.js';

const BATCH = 1_000;

const RP_ID_OWNER = statement('apps.owner-of-rp-id', 'select id from apps where rp_id = $1');
const DELETE = statement('apps.delete', 'delete from apps where id = $1');

const batchOf = (table: string, key: string): Statement =>
  statement(
    `apps.delete-${table}`,
    `delete from ${table} where app_id = $1 and ${key} in
       (select ${key} from ${table} where app_id = $1 limit ${BATCH}) returning 1 as gone`,
  );

/** What an app may have too much of for one statement; users take their passkeys, transactions and nonces along. */
const BELONGINGS = [batchOf('flex_users', 'id'), batchOf('tombstones', 'credential_hash')];

/** Makes, changes and deletes apps as an operator asks. Throws `OperatorError`, and then nothing was changed. */
export class AppsService {
  constructor(private readonly database: Database) {}

  /** Every app, by id. */
  async list(): Promise<AppRecord[]> {
    return (await this.database.query<AppRecordRow>(LIST, [])).map(toRecord);
  }

  /** Throws `app_not_found`. */
  async get(id: string): Promise<AppRecord> {
    const [row] = await this.database.query<AppRecordRow>(SHOW, [id]);
    if (!row) throw appNotFound(id);
    return toRecord(row);
  }

  /** The name is the id unless it is told. Throws `invalid_app`, `app_exists`, `rp_id_taken`. */
  async create(
    id: string,
    fields: Pick<AppFields, 'rpId' | 'origins'> & Partial<AppFields>,
  ): Promise<AppRecord> {
    const app = normalised({ name: id, ...NEW_APP, ...fields });
    requireGood(id, app);
    await this.claiming(app.rpId, id, () => this.database.query(INSERT, toValues(id, app)));
    return this.get(id);
  }

  /** Changes the fields named, and only those. Throws `app_not_found`, `invalid_app`, `rp_id_taken`. */
  async update(id: string, changes: Partial<AppFields>): Promise<AppRecord> {
    const rpId = changes.rpId ?? '';
    await this.claiming(rpId, id, () =>
      this.database.transaction(async (tx) => {
        const app = normalised({ ...(await this.hold(id, tx)), ...changes });
        requireGood(id, app);
        await tx.query(REPLACE, toValues(id, app));
      }),
    );
    return this.get(id);
  }

  /** Deletes everything of the app but its audit events; answers with what it was. Throws `app_not_found`. */
  async delete(id: string): Promise<AppRecord> {
    return this.database.transaction(async (tx) => {
      const app = await this.hold(id, tx);
      for (const belongings of BELONGINGS) {
        let gone: number;
        do gone = (await tx.query(belongings, [id])).length;
        while (gone === BATCH);
      }
      await tx.query(DELETE, [id]);
      return app;
    });
  }

  /** The app, which no other operator then changes or deletes until the transaction ends. */
  private async hold(id: string, tx: DatabaseTransaction): Promise<AppRecord> {
    const [row] = await tx.query<AppRecordRow>(SHOW_AND_HOLD, [id]);
    if (!row) throw appNotFound(id);
    return toRecord(row);
  }

  /** The schema decides who has an RP ID, also between two who ask for it at the same time. */
  private async claiming(rpId: string, id: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (sqlStateOf(error) !== SQL_STATE.uniqueViolation) throw error;
      if ((error as { constraint?: unknown }).constraint !== 'apps_rp_id_unique') {
        throw new OperatorError(
          'app_exists',
          `There is an app ${id} already: change it, or take another id.`,
        );
      }
      const [owner] = await this.database.query<{ id: string }>(RP_ID_OWNER, [rpId]);
      throw new OperatorError(
        'rp_id_taken',
        `The RP ID ${rpId} belongs to ${owner ? `the app ${owner.id}` : 'another app'}: take another one.`,
        { cause: error },
      );
    }
  }
}

/** Nobody has an app of this id. */
export const appNotFound = (id: string): OperatorError =>
  new OperatorError('app_not_found', `There is no app ${JSON.stringify(id)}.`);

const normalised = (app: AppFields): AppFields => ({ ...app, name: app.name.trim() });

function requireGood(id: string, app: AppFields): void {
  const problems = findAppProblems(id, app);
  if (problems.length > 0) throw new OperatorError('invalid_app', problems.join('\n'));
}
