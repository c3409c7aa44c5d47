import { Migration } from '@mikro-orm/migrations';

/** What an app's well-known documents say: where its users manage passkeys, and its apps on Apple's and Google's systems. */
export class Migration20261127080000_well_known_documents extends Migration {
  override up(): void {
    this.addSql(`
      alter table apps
        add column passkey_endpoints_enroll text null,
        add column passkey_endpoints_manage text null,
        add column apple_app_ids text[] not null default '{}',
        add column android_packages text[] not null default '{}'`);
  }

  override down(): void {
    this.addSql(`
      alter table apps
        drop column passkey_endpoints_enroll,
        drop column passkey_endpoints_manage,
        drop column apple_app_ids,
        drop column android_packages`);
  }
}
