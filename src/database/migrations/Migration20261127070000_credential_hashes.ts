import { Migration } from '@mikro-orm/migrations';

/** A tombstone that is imported knows a credential by its hash: without an index each batch of them hashed every passkey. */
export class Migration20261127070000_credential_hashes extends Migration {
  override up(): void {
    this.addSql('create index devices_credential_hash_index on devices (app_id, sha256(credential_id))');
  }

  override down(): void {
    this.addSql('drop index devices_credential_hash_index');
  }
}
