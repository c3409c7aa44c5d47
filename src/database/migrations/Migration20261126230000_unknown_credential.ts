import { Migration } from '@mikro-orm/migrations';

/** Whether a refused sign-in tells that its credential is unknown. */
export class Migration20261126230000_unknown_credential extends Migration {
  override up(): void {
    this.addSql(`
      alter table apps
        add column unknown_credential text not null default 'revoked'
          constraint apps_unknown_credential_check check (unknown_credential in ('revoked', 'any', 'never'))`);
  }

  override down(): void {
    this.addSql('alter table apps drop column unknown_credential');
  }
}
