import { Injectable } from '@nestjs/common';
import { Database, type DatabaseTransaction } from '../database/database.js';
import { appNotFound } from '../flex/apps/apps.service.js';
import { ExportRepository, type ExportRow } from './export.repository.js';

/** Writes an app's users and passkeys in the format that `ImportService` reads (docs/import-format.md). */
@Injectable()
export class ExportService {
  constructor(
    private readonly database: Database,
    private readonly repository: ExportRepository,
  ) {}

  /**
   * Lines of JSON, each with its line end: users, then passkeys, devices without a key, and tombstones, each sorted by
   * id; all of it as it was when the export began. Only users of `ownAppId` have identities. Throws `OperatorError` if the
   * app does not exist.
   */
  export(appId: string, ownAppId = ''): AsyncGenerator<string> {
    return this.database.snapshot((tx) => this.read(appId, ownAppId, tx));
  }

  private async *read(appId: string, ownAppId: string, tx: DatabaseTransaction): AsyncGenerator<string> {
    if (!(await this.repository.hasApp(appId, tx))) throw appNotFound(appId);
    for await (const { type, rows } of this.repository.pages(appId, ownAppId, tx)) {
      for (const row of rows) yield `${JSON.stringify({ type, ...toMembers(row) })}\n`;
    }
  }
}

/** Bytes in base64url. */
const toMembers = (row: ExportRow): ExportRow =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      Buffer.isBuffer(value) ? value.toString('base64url') : value,
    ]),
  );
