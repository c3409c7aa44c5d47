import { Migration } from '@mikro-orm/migrations';

/** What moving in needs: user handles that were not made here, and devices that came without their key. */
export class Migration20261122030000_transfer extends Migration {
  override up(): void {
    this.addSql('alter table flex_users add column user_handle_settled boolean not null default true');
    this.addSql(DEVICE_HANDLES);
    this.addSql(USER_HANDLES);
    this.addSql('create index user_handles_app_id_user_id_index on user_handles (app_id, user_id)');
    this.addSql(LEGACY_DEVICES);
    this.addSql('create index legacy_devices_app_id_user_id_index on legacy_devices (app_id, user_id)');
  }

  override down(): void {
    this.addSql('drop table legacy_devices, user_handles');
    this.addSql('alter table devices drop column user_handle_known, drop column user_handle');
    this.addSql('alter table flex_users drop column user_handle_settled');
  }
}

// By their defaults, what replicas of the version before write meanwhile is as it should be.
const DEVICE_HANDLES = `
  alter table devices
    add column user_handle bytea null check (octet_length(user_handle) between 1 and 64),
    add column user_handle_known boolean not null default true,
    add constraint devices_user_handle_known_check check (user_handle_known or user_handle is null)`;

// A text form has 86 bytes for a handle of 64. The key keeps two users from having one form in common.
const USER_HANDLES = `
  create table user_handles (
    app_id text not null,
    form bytea not null check (octet_length(form) between 1 and 86),
    user_id text not null,
    primary key (app_id, form),
    foreign key (app_id, user_id) references flex_users (app_id, id) on delete cascade
  )`;

const LEGACY_DEVICES = `
  create table legacy_devices (
    app_id text not null,
    id text not null,
    user_id text not null,
    credential_id bytea null check (octet_length(credential_id) between 1 and 1023),
    friendly_name text not null,
    kind text null check (kind in ('passkey', 'security_key', 'platform')),
    usage_count integer not null default 0,
    last_login_at timestamptz null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (app_id, id),
    foreign key (app_id, user_id) references flex_users (app_id, id) on delete cascade
  )`;
