import { Migration } from '@mikro-orm/migrations';

/** Origins beyond an app's own web pages, and how long browsers wait for a ceremony. */
export class Migration20261122020000_app_origins extends Migration {
  override up(): void {
    this.addSql(`
      alter table apps
        add column related_origins text[] not null default '{}',
        add column android_origins text[] not null default '{}',
        add column ceremony_timeout integer null check (ceremony_timeout > 0)`);
  }

  override down(): void {
    this.addSql(
      'alter table apps drop column related_origins, drop column android_origins, drop column ceremony_timeout',
    );
  }
}
