import { Migration } from '@mikro-orm/migrations';

/** What a step-up is for: the same in transactions and in the nonces with which they end. */
const ACT = `check (act is null or act in ('add', 'revoke', 'erase') and kind = 'authenticate') not valid`;
const TARGET = `check ((target is not null) = (act is not null and act = 'revoke')) not valid`;

/** Step-up: what apps accept, and what transactions and nonces are for; what apps do with the last passkey. */
export class Migration20261127090000_step_up extends Migration {
  override up(): void {
    this.addSql(`
      alter table apps
        add column step_up text not null default 'off' check (step_up in ('off', 'fresh-token', 'passkey', 'either')),
        add column step_up_max_age integer not null default 300 check (step_up_max_age > 0),
        add column step_up_acr text[] not null default '{}',
        add column step_up_amr text[] not null default '{}',
        add column last_passkey text not null default 'warn' check (last_passkey in ('allow', 'warn', 'deny'))`);
    this.addSql(`
      alter table transactions
        add column unproven boolean not null default false,
        add column act text null,
        add column target text null,
        add constraint transactions_unproven_check check (kind = 'register' or not unproven) not valid,
        add constraint transactions_act_check ${ACT},
        add constraint transactions_target_check ${TARGET}`);
    this.addSql(`
      alter table nonces
        add column backup_changed boolean not null default false,
        add column act text null,
        add column target text null,
        add constraint nonces_act_check ${ACT},
        add constraint nonces_target_check ${TARGET}`);
  }

  override down(): void {
    this.addSql('alter table nonces drop column target, drop column act, drop column backup_changed');
    this.addSql('alter table transactions drop column target, drop column act, drop column unproven');
    this.addSql(`
      alter table apps
        drop column last_passkey, drop column step_up_amr, drop column step_up_acr, drop column step_up_max_age,
        drop column step_up`);
  }
}
