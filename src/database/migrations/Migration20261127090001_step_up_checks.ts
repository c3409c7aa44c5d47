import { Migration } from '@mikro-orm/migrations';

/** Reads transactions and nonces for what new ones are held to already, without keeping requests from them. */
export class Migration20261127090001_step_up_checks extends Migration {
  override up(): void {
    for (const name of ['unproven', 'act', 'target']) {
      this.addSql(`alter table transactions validate constraint transactions_${name}_check`);
    }
    for (const name of ['act', 'target']) {
      this.addSql(`alter table nonces validate constraint nonces_${name}_check`);
    }
  }

  override down(): void {}
}
