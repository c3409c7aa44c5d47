import { Injectable } from '@nestjs/common';
import { tidyAppName } from '../../config/app-rules.js';
import { Database, type DatabaseTransaction } from '../../database/database.js';
import { SQL_STATE, sqlStateOf } from '../../database/sql-state.js';
import { OperatorError } from '../../errors/operator-error.js';
import { type AppFields, type AppRecord, NEW_APP, type StoredApp } from './app.js';
import { AppRepository } from './app.repository.js';
import { findAppProblems } from './app-rules.js';

/** Creates, changes and deletes apps for an operator. Throws `OperatorError`, and then nothing was changed. */
@Injectable()
export class AppsService {
  constructor(
    private readonly database: Database,
    private readonly apps: AppRepository,
  ) {}

  /** Every app, by id. */
  list(): Promise<AppRecord[]> {
    return this.apps.list();
  }

  /** Throws `app_not_found`. */
  async get(id: string): Promise<AppRecord> {
    const app = await this.apps.show(id);
    if (!app) throw appNotFound(id);
    return app;
  }

  /** The name is the id unless it is given. Throws `invalid_app`, `app_exists`, `rp_id_taken`. */
  async create(
    id: string,
    fields: Pick<AppFields, 'rpId' | 'origins'> & Partial<AppFields>,
  ): Promise<AppRecord> {
    const app = validated(id, { name: id, ...NEW_APP, ...fields });
    await this.claiming(app.rpId, id, () => this.apps.insert(id, app));
    return this.get(id);
  }

  /** Changes the given fields, and only those. Throws `app_not_found`, `invalid_app`, `rp_id_taken`. */
  async update(id: string, changes: Partial<AppFields>): Promise<AppRecord> {
    await this.claiming(changes.rpId ?? '', id, () =>
      this.database.transaction(async (tx) => {
        const app = validated(id, { ...(await this.lock(id, tx)), ...changes });
        await this.apps.replace(id, app, tx);
      }),
    );
    return this.get(id);
  }

  /** Deletes everything of the app but its audit events; answers with what it was. Throws `app_not_found`. */
  async delete(id: string): Promise<AppRecord> {
    return this.database.transaction(async (tx) => {
      await this.lock(id, tx);
      const app = await this.apps.show(id, tx);
      await this.apps.delete(id, tx);
      return app!;
    });
  }

  private async lock(id: string, tx: DatabaseTransaction): Promise<StoredApp> {
    const app = await this.apps.lock(id, tx);
    if (!app) throw appNotFound(id);
    return app;
  }

  /** The schema decides which app gets an RP ID, also when two ask for it at the same time. */
  private async claiming(rpId: string, id: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (sqlStateOf(error) !== SQL_STATE.uniqueViolation) throw error;
      if ((error as { constraint?: unknown }).constraint !== 'apps_rp_id_unique') {
        throw new OperatorError(
          'app_exists',
          `There is an app ${id} already: change it, or choose another id.`,
        );
      }
      const owner = await this.apps.ownerOfRpId(rpId);
      throw new OperatorError(
        'rp_id_taken',
        `The RP ID ${rpId} belongs to ${owner === null ? 'another app' : `the app ${owner}`}: choose another one.`,
        { cause: error },
      );
    }
  }
}

/** `app_not_found`: no app has this id. */
export const appNotFound = (id: string): OperatorError =>
  new OperatorError('app_not_found', `There is no app ${JSON.stringify(id)}.`);

/** The app as it is stored. Throws `invalid_app`. */
function validated(id: string, fields: AppFields): AppFields {
  const app = { ...fields, name: tidyAppName(fields.name) };
  const problems = findAppProblems(id, app);
  if (problems.length > 0) throw new OperatorError('invalid_app', problems.join('\n'));
  return app;
}
