import { Migration } from '@mikro-orm/migrations';

/** `user_handles` makes handles unique now, in place of the key of `flex_users`. */
export class Migration20261126210003_handle_keys extends Migration {
  override up(): void {
    this.addSql('alter table flex_users drop constraint flex_users_app_id_user_handle_unique');
  }

  override down(): void {
    this.addSql(
      'alter table flex_users add constraint flex_users_app_id_user_handle_unique unique (app_id, user_handle)',
    );
  }
}
