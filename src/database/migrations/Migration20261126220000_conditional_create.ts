import { Migration } from '@mikro-orm/migrations';

/**
 * Automatic upgrades: whether an app allows them, which transactions, nonces and passkeys are theirs, and how many a user
 * was offered.
 */
export class Migration20261126220000_conditional_create extends Migration {
  override up(): void {
    this.addSql(`
      alter table apps
        add column conditional_create text not null default 'off' check (conditional_create in ('off', 'on'))`);
    // In the order in which requests lock them, which would come to a deadlock otherwise.
    this.addSql(`
      alter table flex_users
        add column upgrades_offered_at timestamptz[] not null default '{}',
        add constraint flex_users_upgrades_offered_at_check check (cardinality(upgrades_offered_at) <= 5) not valid`);
    this.addSql('alter table devices add column automatic boolean not null default false');
    this.addSql(`
      alter table transactions
        add column conditional boolean not null default false
          constraint transactions_conditional_check check (kind = 'register' or not conditional)`);
    this.addSql('alter table nonces add column automatic boolean not null default false');
  }

  override down(): void {
    this.addSql('alter table flex_users drop column upgrades_offered_at');
    this.addSql('alter table devices drop column automatic');
    this.addSql('alter table nonces drop column automatic');
    this.addSql('alter table transactions drop column conditional');
    this.addSql('alter table apps drop column conditional_create');
  }
}
