import { Migration } from '@mikro-orm/migrations';

/** What API keys may do beyond the protocol. The keys that there are keep what they could do. */
export class Migration20261127100001_api_key_scopes extends Migration {
  override up(): void {
    this.addSql(`alter table api_keys add column scopes text[] not null default '{identity,events,erase}'`);
    this.addSql(`alter table api_keys alter column scopes set default '{}'`);
  }

  override down(): void {
    this.addSql('alter table api_keys drop column scopes');
  }
}
