import { Migration } from '@mikro-orm/migrations';

/** Validates the check of the migration before. */
export class Migration20261127200001_passkey_places_check extends Migration {
  override up(): void {
    this.addSql('alter table devices validate constraint devices_name_code_check');
  }

  override down(): void {
    // The columns go with the migration before.
  }
}
