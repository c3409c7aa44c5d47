import { Migration } from '@mikro-orm/migrations';

/** Webhooks of apps, and what is on its way to them. */
export class Migration20261127100000_webhooks extends Migration {
  override up(): void {
    this.addSql(`alter table apps add column webhook_hosts text[] not null default '{}'`);
    this.addSql(`
      create table webhooks (
        app_id text not null,
        id text not null,
        url text not null,
        events text[] not null,
        key_id text null,
        secret bytea not null,
        old_secret bytea null,
        old_secret_until timestamptz null,
        created_at timestamptz not null default now(),
        disabled_at timestamptz null,
        disabled_for text null,
        primary key (app_id, id)
      )`);
    this.addSql(`alter table webhooks add constraint webhooks_app_id_foreign
      foreign key (app_id) references apps (id) on delete cascade`);
    this.addSql(`alter table webhooks add constraint webhooks_disabled_for_check
      check (disabled_for in ('requested', 'gone', 'key_ended'))`);
    this.addSql(`
      create table webhook_deliveries (
        app_id text not null,
        webhook_id text not null,
        seq bigserial not null,
        event_id text not null,
        type text not null,
        user_id text null,
        external_id text null,
        issuer text null,
        subject text null,
        device_id text null,
        automatic boolean null,
        actor text null,
        reason text null,
        created_at timestamptz not null default now(),
        attempts int not null default 0,
        next_attempt_at timestamptz null default now(),
        delivered_at timestamptz null,
        dead_at timestamptz null,
        last_status int null,
        last_problem text null,
        primary key (app_id, webhook_id, seq)
      )`);
    this.addSql(`alter table webhook_deliveries add constraint webhook_deliveries_app_id_webhook_id_foreign
      foreign key (app_id, webhook_id) references webhooks (app_id, id) on delete cascade`);
    this
      .addSql(`create index webhook_deliveries_due_index on webhook_deliveries (app_id, webhook_id, next_attempt_at)
      where next_attempt_at is not null`);
    this
      .addSql(`create index webhook_deliveries_queue_index on webhook_deliveries (app_id, webhook_id, user_id, seq)
      where next_attempt_at is not null`);
    this.addSql(`create index webhook_deliveries_dead_index on webhook_deliveries (app_id, webhook_id, seq)
      where dead_at is not null`);
    this.addSql(`create index webhook_deliveries_delivered_index on webhook_deliveries (delivered_at)
      where delivered_at is not null`);
    this.addSql(`create index webhook_deliveries_app_id_external_id_index
      on webhook_deliveries (app_id, external_id)`);
  }

  override down(): void {
    this.addSql('drop table webhook_deliveries');
    this.addSql('drop table webhooks');
    this.addSql('alter table apps drop column webhook_hosts');
  }
}
