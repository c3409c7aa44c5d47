import { Migration } from '@mikro-orm/migrations';

/** The account's name of a register transaction, beside the display name, which stands for it where there is none. */
export class Migration20261127010000_usernames extends Migration {
  override up(): void {
    this.addSql('alter table transactions add column username text null');
  }

  override down(): void {
    this.addSql('alter table transactions drop column username');
  }
}
