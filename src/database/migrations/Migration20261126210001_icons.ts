import { Migration } from '@mikro-orm/migrations';

/** How an app has the icons of its devices in the Flex protocol. */
export class Migration20261126210001_icons extends Migration {
  override up(): void {
    this.addSql(
      `alter table apps add column icons text not null default 'url' check (icons in ('url', 'data'))`,
    );
  }

  override down(): void {
    this.addSql('alter table apps drop column icons');
  }
}
