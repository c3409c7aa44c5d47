import { Migration } from '@mikro-orm/migrations';
import { isNamed, renamed } from '../event-names.js';

/**
 * Events have one vocabulary in rows, API and webhooks. From now on the database itself renames those that replicas of the
 * version before write; the trigger goes with the next version.
 */
export class Migration20261127110000_event_names extends Migration {
  override up(): void {
    this.addSql(`
      create function name_event() returns trigger language plpgsql as $name$
      begin
        new.type := ${renamed('new.type')};
        return new;
      end
      $name$`);
    this.addSql(`
      create trigger name_event before insert on audit_events
        for each row when (${isNamed('new.type')}) execute function name_event()`);
    // An erasure that is under way went by another order.
    this.addSql(`update erasures set anonymised_to = ''`);
  }

  override down(): void {
    this.addSql('drop trigger name_event on audit_events');
    this.addSql('drop function name_event()');
    this.addSql(`update erasures set anonymised_to = ''`);
  }
}
