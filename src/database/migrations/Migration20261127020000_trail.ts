import { Migration } from '@mikro-orm/migrations';

/** Whose passkey a tombstone is of. */
export class Migration20261127020000_trail extends Migration {
  override up(): void {
    this.addSql('alter table tombstones add column user_id text');
  }

  override down(): void {
    this.addSql('alter table tombstones drop column user_id');
  }
}
