import { ConcurrentMigration } from '../concurrent-migration.js';

/** Finds all refusals by their age, as those of known users are purged in time too, and the tombstones of each user. */
export class Migration20261127020001_trail_indexes extends ConcurrentMigration {
  override readonly builds = [
    { name: 'audit_events_refusals_index', table: 'audit_events', on: `(created_at) where type = 'refused'` },
    {
      name: 'tombstones_users_index',
      table: 'tombstones',
      on: '(app_id, user_id, revoked_at) where user_id is not null',
    },
  ];
  override readonly drops = ['audit_events_nobodys_refusals_index'];

  override down(): void {
    this.addSql(`
      create index audit_events_nobodys_refusals_index on audit_events (created_at)
        where type = 'refused' and user_id is null`);
    super.down();
  }
}
