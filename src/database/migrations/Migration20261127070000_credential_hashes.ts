import { ConcurrentMigration } from '../concurrent-migration.js';

/** A tombstone that is imported knows a credential by its hash: without an index each batch of them hashed every passkey. */
export class Migration20261127070000_credential_hashes extends ConcurrentMigration {
  override readonly builds = [
    { name: 'devices_credential_hash_index', table: 'devices', on: '(app_id, sha256(credential_id))' },
  ];
}
