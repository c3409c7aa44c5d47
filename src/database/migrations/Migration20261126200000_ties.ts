import { Migration } from '@mikro-orm/migrations';

/**
 * Identities are joined to users of the Flex protocol by external ID, which is compared bytewise on both sides; a tie says
 * who made it, and one that was undone leaves a mark.
 */
export class Migration20261126200000_ties extends Migration {
  override up(): void {
    this.addSql('alter table users drop constraint users_passage_external_id_unique');
    this.addSql('alter table users alter column passage_external_id type text collate "C"');
    this.addSql(`
      alter table users
        add constraint users_passage_external_id_unique unique using index users_passage_external_id_bytewise,
        add column tied_by text not null default 'keyway',
        add constraint users_tied_by_check check (tied_by in ('keyway', 'claim', 'operator')) not valid`);
    this.addSql(`
      create table tie_mark_keys (
        app_id text not null,
        key bytea not null,
        constraint tie_mark_keys_pkey primary key (app_id),
        constraint tie_mark_keys_key_check check (octet_length(key) = 32)
      )`);
    this.addSql(`
      create table tie_marks (
        app_id text not null,
        external_id_hash bytea not null,
        identity_hash bytea not null,
        marked_at timestamptz not null default clock_timestamp(),
        constraint tie_marks_pkey primary key (app_id, external_id_hash, identity_hash),
        constraint tie_marks_external_id_hash_check check (octet_length(external_id_hash) = 32),
        constraint tie_marks_identity_hash_check check (octet_length(identity_hash) = 32)
      )`);
    this.addSql('create index tie_marks_app_id_identity_hash_index on tie_marks (app_id, identity_hash)');
  }

  override down(): void {
    this.addSql('drop table tie_marks, tie_mark_keys');
    this.addSql('alter table users drop column tied_by');
    this.addSql('alter table users drop constraint users_passage_external_id_unique');
    this.addSql('alter table users alter column passage_external_id type text collate "default"');
    this.addSql(
      'alter table users add constraint users_passage_external_id_unique unique (passage_external_id)',
    );
  }
}
