import { BatchedMigration } from '../batched-migration.js';
import { EVENT_NAMES, isNamed, renamed } from '../event-names.js';

const BACK = EVENT_NAMES.map(([before, now]) => [now, before] as const);

/** Renames the events that there were before. */
export class Migration20261127110001_renamed_events extends BatchedMigration {
  override readonly backfill = {
    table: 'audit_events',
    key: ['app_id', 'id'],
    statement: (range: string) =>
      `update audit_events it set type = ${renamed('it.type')} where ${range} and ${isNamed('it.type')}`,
  };

  override down(): void {
    this.addSql(`update audit_events set type = ${renamed('type', BACK)} where ${isNamed('type', BACK)}`);
  }
}
