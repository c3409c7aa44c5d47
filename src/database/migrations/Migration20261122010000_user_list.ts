import { Migration } from '@mikro-orm/migrations';

/** The order in which an app's users are listed. */
export class Migration20261122010000_user_list extends Migration {
  override up(): void {
    this.addSql('create index flex_users_app_id_created_at_id_index on flex_users (app_id, created_at, id)');
  }

  override down(): void {
    this.addSql('drop index flex_users_app_id_created_at_id_index');
  }
}
