import { Migration } from '@mikro-orm/migrations';

/** Keeps the key of `APP_API_KEY` valid for a while after another has taken its place. */
export class Migration20261127030000_superseded_keys extends Migration {
  override up(): void {
    this.addSql('alter table api_keys add column superseded_at timestamptz');
  }

  override down(): void {
    this.addSql('alter table api_keys drop column superseded_at');
  }
}
