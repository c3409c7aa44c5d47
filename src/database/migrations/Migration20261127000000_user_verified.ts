import { Migration } from '@mikro-orm/migrations';

/** Whether the ceremony of a nonce verified the user; null for nonces from before. */
export class Migration20261127000000_user_verified extends Migration {
  override up(): void {
    this.addSql('alter table nonces add column user_verified boolean null');
  }

  override down(): void {
    this.addSql('alter table nonces drop column user_verified');
  }
}
