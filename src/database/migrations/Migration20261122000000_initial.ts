import { Migration } from '@mikro-orm/migrations';

/** The first schema: users, apps and their keys, passkeys, what ceremonies leave behind, and the audit trail. */
export class Migration20261122000000_initial extends Migration {
  override up(): void {
    this.addSql(USERS);
    this.addSql(APPS);
    this.addSql(API_KEYS);
    this.addSql('create index api_keys_app_id_index on api_keys (app_id)');
    this.addSql(FLEX_USERS);
    this.addSql(DEVICES);
    this.addSql(
      'create index devices_app_id_user_id_created_at_index on devices (app_id, user_id, created_at)',
    );
    this.addSql(TOMBSTONES);
    this.addSql(TRANSACTIONS);
    this.addSql('create index transactions_app_id_user_id_index on transactions (app_id, user_id)');
    this.addSql('create index transactions_expires_at_index on transactions (expires_at)');
    this.addSql(SPENT_HANDSHAKES);
    this.addSql('create index spent_handshakes_expires_at_index on spent_handshakes (expires_at)');
    this.addSql(NONCES);
    this.addSql('create index nonces_app_id_user_id_index on nonces (app_id, user_id)');
    this.addSql('create index nonces_app_id_device_id_index on nonces (app_id, device_id)');
    this.addSql('create index nonces_expires_at_index on nonces (expires_at)');
    this.addSql(AUDIT_EVENTS);
    this.addSql('create index audit_events_app_id_user_id_id_index on audit_events (app_id, user_id, id)');
  }

  override down(): void {
    const tables =
      'audit_events, nonces, spent_handshakes, transactions, tombstones, devices, flex_users, api_keys, apps, users';
    this.addSql(`drop table ${tables}`);
  }
}

const USERS = `
  create table users (
    id text primary key,
    issuer text not null,
    subject text not null,
    username text not null,
    passage_external_id text null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint users_issuer_subject_unique unique (issuer, subject),
    constraint users_passage_external_id_unique unique (passage_external_id)
  )`;

const APPS = `
  create table apps (
    id text primary key check (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    name text not null,
    rp_id text not null constraint apps_rp_id_unique unique,
    origins text[] not null,
    top_origins text[] not null default '{}',
    user_verification text not null default 'required'
      check (user_verification in ('required', 'preferred', 'discouraged')),
    resident_key text not null default 'required' check (resident_key in ('required', 'preferred', 'discouraged')),
    attestation text not null default 'none' check (attestation in ('none', 'indirect', 'direct', 'enterprise')),
    algorithms integer[] not null default '{-7,-8,-257}',
    max_passkeys_per_user integer not null default 50 check (max_passkeys_per_user > 0),
    handshake_ttl integer null check (handshake_ttl > 0),
    register_transaction_ttl integer null check (register_transaction_ttl > 0),
    authenticate_transaction_ttl integer null check (authenticate_transaction_ttl > 0),
    nonce_ttl integer null check (nonce_ttl > 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`;

const API_KEYS = `
  create table api_keys (
    id text primary key,
    app_id text not null references apps (id) on delete cascade,
    secret_hash bytea not null check (octet_length(secret_hash) = 32),
    source text not null check (source in ('settings', 'operator')),
    created_at timestamptz not null default now(),
    expires_at timestamptz null,
    last_used_at timestamptz null,
    revoked_at timestamptz null
  )`;

const FLEX_USERS = `
  create table flex_users (
    app_id text not null references apps (id) on delete cascade,
    id text not null,
    external_id text collate "C" not null,
    user_handle bytea not null check (octet_length(user_handle) between 1 and 64),
    status text not null default 'active' check (status in ('active', 'inactive', 'pending')),
    login_count integer not null default 0,
    last_login_at timestamptz null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (app_id, id),
    constraint flex_users_app_id_external_id_unique unique (app_id, external_id),
    constraint flex_users_app_id_user_handle_unique unique (app_id, user_handle)
  )`;

const DEVICES = `
  create table devices (
    app_id text not null,
    id text not null,
    user_id text not null,
    credential_id bytea not null check (octet_length(credential_id) between 1 and 1023),
    public_key bytea not null,
    algorithm integer not null,
    counter bigint not null check (counter between 0 and 4294967295),
    aaguid text not null,
    transports text[] not null,
    attachment text null check (attachment in ('platform', 'cross-platform')),
    backup_eligible boolean null,
    backed_up boolean null,
    attestation_format text not null,
    friendly_name text not null,
    usage_count integer not null default 0,
    last_login_at timestamptz null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (app_id, id),
    constraint devices_app_id_credential_id_unique unique (app_id, credential_id),
    foreign key (app_id, user_id) references flex_users (app_id, id) on delete cascade
  )`;

const TOMBSTONES = `
  create table tombstones (
    app_id text not null references apps (id) on delete cascade,
    credential_hash bytea not null check (octet_length(credential_hash) = 32),
    revoked_at timestamptz not null default now(),
    primary key (app_id, credential_hash)
  )`;

const TRANSACTIONS = `
  create table transactions (
    hash bytea primary key check (octet_length(hash) = 32),
    app_id text not null,
    user_id text not null,
    kind text not null check (kind in ('register', 'authenticate')),
    passkey_display_name text null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    consumed_at timestamptz null,
    foreign key (app_id, user_id) references flex_users (app_id, id) on delete cascade
  )`;

const SPENT_HANDSHAKES = `
  create table spent_handshakes (
    hash bytea primary key check (octet_length(hash) = 32),
    expires_at timestamptz not null
  )`;

// A nonce goes with its passkey: what a revoked passkey proved is void at once.
const NONCES = `
  create table nonces (
    hash bytea primary key check (octet_length(hash) = 32),
    app_id text not null,
    user_id text not null,
    device_id text not null,
    kind text not null check (kind in ('register', 'authenticate')),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    consumed_at timestamptz null,
    foreign key (app_id, user_id) references flex_users (app_id, id) on delete cascade,
    foreign key (app_id, device_id) references devices (app_id, id) on delete cascade
  )`;

const AUDIT_EVENTS = `
  create table audit_events (
    id text primary key,
    type text not null,
    app_id text not null,
    user_id text null,
    device_id text null,
    actor text null,
    address text null,
    user_agent text null,
    reason text null,
    request_id text null,
    created_at timestamptz not null default now()
  )`;
