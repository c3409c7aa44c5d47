import { Migration } from '@mikro-orm/migrations';

/** What a passkey's default name says, and where it was registered and last used; the next migration validates the check. */
export class Migration20261127200000_passkey_places extends Migration {
  override up(): void {
    this.addSql(`
      alter table devices
        add column name_code text,
        add column created_from text,
        add column last_used_from text,
        add constraint devices_name_code_check check
          (name_code in ('phone_or_tablet', 'security_key', 'browser_on_system', 'passkey')) not valid`);
  }

  override down(): void {
    this.addSql(
      'alter table devices drop column name_code, drop column created_from, drop column last_used_from',
    );
  }
}
