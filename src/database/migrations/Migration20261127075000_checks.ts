import { Migration } from '@mikro-orm/migrations';

/** Reads large tables for what their new rows are held to already, without keeping requests from them. */
export class Migration20261127075000_checks extends Migration {
  override up(): void {
    this.addSql('alter table users validate constraint users_tied_by_check');
    this.addSql('alter table flex_users validate constraint flex_users_upgrades_offered_at_check');
  }

  override down(): void {}
}
