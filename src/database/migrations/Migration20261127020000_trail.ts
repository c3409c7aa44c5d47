import { Migration } from '@mikro-orm/migrations';

/** Finds all refusals by their age, as those of known users are purged in time too, and the tombstones of each user. */
export class Migration20261127020000_trail extends Migration {
  override up(): void {
    this.addSql('drop index audit_events_nobodys_refusals_index');
    this.addSql(
      `create index audit_events_refusals_index on audit_events (created_at) where type = 'refused'`,
    );
    this.addSql('alter table tombstones add column user_id text');
    this.addSql(`
      create index tombstones_users_index on tombstones (app_id, user_id, revoked_at)
        where user_id is not null`);
  }

  override down(): void {
    this.addSql('drop index tombstones_users_index');
    this.addSql('alter table tombstones drop column user_id');
    this.addSql('drop index audit_events_refusals_index');
    this.addSql(`
      create index audit_events_nobodys_refusals_index on audit_events (created_at)
        where type = 'refused' and user_id is null`);
  }
}
