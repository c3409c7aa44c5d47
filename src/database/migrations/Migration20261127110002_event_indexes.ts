import { ConcurrentMigration } from '../concurrent-migration.js';

const table = 'audit_events';

/** Finds events by user, passkey, type and time, newest first, and refusals by their age. */
export class Migration20261127110002_event_indexes extends ConcurrentMigration {
  override readonly builds = [
    {
      table,
      name: 'audit_events_refused_index',
      on: `(created_at) where type in ('passkey.refused', 'step_up.refused', 'user.identity_conflict')`,
    },
    { table, name: 'audit_events_app_id_created_at_id_index', on: '(app_id, created_at, id)' },
    {
      table,
      name: 'audit_events_app_id_user_id_created_at_id_index',
      on: '(app_id, user_id, created_at, id)',
    },
    { table, name: 'audit_events_app_id_type_created_at_id_index', on: '(app_id, type, created_at, id)' },
    {
      table,
      name: 'audit_events_devices_index',
      on: '(app_id, device_id, created_at, id) where device_id is not null',
    },
  ];
  override readonly drops = ['audit_events_refusals_index', 'audit_events_app_id_user_id_id_index'];

  override down(): void {
    this.addSql(
      `create index audit_events_refusals_index on audit_events (created_at) where type = 'refused'`,
    );
    this.addSql('create index audit_events_app_id_user_id_id_index on audit_events (app_id, user_id, id)');
    super.down();
  }
}
