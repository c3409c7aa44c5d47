import { Migration } from '@mikro-orm/migrations';

/** Users who were erased, until all their events are anonymous. */
export class Migration20261127060000_erasures extends Migration {
  override up(): void {
    this.addSql(`
      create table erasures (
        app_id text not null,
        user_id text not null,
        anonymised_to text not null default '',
        erased_at timestamptz not null default now(),
        primary key (app_id, user_id)
      )`);
  }

  override down(): void {
    this.addSql('drop table erasures');
  }
}
