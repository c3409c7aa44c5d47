import { Migration } from '@mikro-orm/migrations';

/** What an app does about a changed backup flag, frames in unknown pages and attestations that are not trusted. */
export class Migration20261126240000_ceremony_policies extends Migration {
  override up(): void {
    this.addSql(`
      alter table apps
        add column attestation_trust text not null default 'optional'
          check (attestation_trust in ('optional', 'required')),
        add column backup_eligibility_change text not null default 'record'
          check (backup_eligibility_change in ('record', 'refuse')),
        add column unknown_frames text not null default 'refuse'
          check (unknown_frames in ('refuse', 'allow'))`);
  }

  override down(): void {
    this.addSql(`
      alter table apps
        drop column attestation_trust, drop column backup_eligibility_change, drop column unknown_frames`);
  }
}
