import { Migration } from '@mikro-orm/migrations';

/** Which models of authenticator an app takes, and what each passkey's attestation is worth. */
export class Migration20261122040000_attestation extends Migration {
  override up(): void {
    this.addSql(`
      alter table apps
        add column aaguid_allow text[] null check (aaguid_allow::text = lower(aaguid_allow::text)),
        add column aaguid_deny text[] not null default '{}' check (aaguid_deny::text = lower(aaguid_deny::text))`);
    this.addSql(`
      alter table devices
        add column attestation_trust text not null default 'none'
          check (attestation_trust in ('none', 'untrusted', 'trusted'))`);
    // Until now nobody's attestation was trusted, but there may have been some.
    this.addSql(`update devices set attestation_trust = 'untrusted' where attestation_format <> 'none'`);
  }

  override down(): void {
    this.addSql('alter table devices drop column attestation_trust');
    this.addSql('alter table apps drop column aaguid_allow, drop column aaguid_deny');
  }
}
