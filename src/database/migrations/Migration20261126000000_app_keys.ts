import { Migration } from '@mikro-orm/migrations';

/**
 * Every unique key and foreign key of an app's tables begins with `app_id`, so that they can be partitioned or
 * distributed by app; constraints get the names that MikroORM gives them.
 */
export class Migration20261126000000_app_keys extends Migration {
  override up(): void {
    for (const [table, columns] of FOREIGN_KEYS) {
      const name = `${table}_${columns.replaceAll(', ', '_')}`;
      this.addSql(`alter table ${table} rename constraint ${name}_fkey to ${name}_foreign`);
    }
    this.addSql('alter table api_keys drop constraint api_keys_pkey, add primary key (app_id, id)');
    this.addSql('drop index api_keys_app_id_index');
    this.addSql('create index api_keys_id_index on api_keys (id)');
    this.addSql('alter table transactions drop constraint transactions_pkey, add primary key (app_id, hash)');
    this.addSql('alter table nonces drop constraint nonces_pkey, add primary key (app_id, hash)');
    this.addSql('alter table audit_events drop constraint audit_events_pkey, add primary key (app_id, id)');
    this.addSql(
      'alter table spent_handshakes drop constraint spent_handshakes_pkey, add column app_id text null',
    );
    // Which app a spent handshake was for is not known from its hash: it stays spent for each of them.
    this.addSql(`
      insert into spent_handshakes (app_id, hash, expires_at)
      select apps.id, spent_handshakes.hash, spent_handshakes.expires_at from apps cross join spent_handshakes
      where spent_handshakes.expires_at > now()`);
    this.addSql('delete from spent_handshakes where app_id is null');
    this.addSql(
      'alter table spent_handshakes alter column app_id set not null, add primary key (app_id, hash)',
    );
  }

  override down(): void {
    this.addSql(`
      delete from spent_handshakes a using spent_handshakes b where a.hash = b.hash and a.app_id > b.app_id`);
    this.addSql('alter table spent_handshakes drop constraint spent_handshakes_pkey, drop column app_id');
    this.addSql('alter table spent_handshakes add primary key (hash)');
    this.addSql('alter table audit_events drop constraint audit_events_pkey, add primary key (id)');
    this.addSql('alter table nonces drop constraint nonces_pkey, add primary key (hash)');
    this.addSql('alter table transactions drop constraint transactions_pkey, add primary key (hash)');
    this.addSql('drop index api_keys_id_index');
    this.addSql('create index api_keys_app_id_index on api_keys (app_id)');
    this.addSql('alter table api_keys drop constraint api_keys_pkey, add primary key (id)');
    for (const [table, columns] of FOREIGN_KEYS) {
      const name = `${table}_${columns.replaceAll(', ', '_')}`;
      this.addSql(`alter table ${table} rename constraint ${name}_foreign to ${name}_fkey`);
    }
  }
}

const FOREIGN_KEYS = [
  ['api_keys', 'app_id'],
  ['flex_users', 'app_id'],
  ['tombstones', 'app_id'],
  ['devices', 'app_id, user_id'],
  ['legacy_devices', 'app_id, user_id'],
  ['user_handles', 'app_id, user_id'],
  ['transactions', 'app_id, user_id'],
  ['nonces', 'app_id, user_id'],
  ['nonces', 'app_id, device_id'],
] as const;
