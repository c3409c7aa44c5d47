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
   * id; all of it as it was when the export began. Throws `OperatorError` if there is no such app.
   */
  export(appId: string): AsyncGenerator<string> {
    return this.database.snapshot((tx) => this.read(appId, tx));
  }

  private async *read(appId: string, tx: DatabaseTransaction): AsyncGenerator<string> {
    if (!(await this.repository.hasApp(appId, tx))) throw appNotFound(appId);
    for await (const { type, rows } of this.repository.pages(appId, tx)) {
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
