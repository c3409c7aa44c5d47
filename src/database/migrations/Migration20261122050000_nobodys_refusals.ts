import { Migration } from '@mikro-orm/migrations';

/** Finds the refusals of nobody we know, which are purged in time: strangers can cause them. */
export class Migration20261122050000_nobodys_refusals extends Migration {
  override up(): void {
    this.addSql(`
      create index audit_events_nobodys_refusals_index on audit_events (created_at)
        where type = 'refused' and user_id is null`);
  }

  override down(): void {
    this.addSql('drop index audit_events_nobodys_refusals_index');
  }
}
