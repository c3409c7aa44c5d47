import { Migration } from '@mikro-orm/migrations';
import { handleForms } from '../handle-forms.js';

/**
 * Every form of every user handle is to stand in `user_handles`. From now on the database itself claims those that replicas
 * of the version before make, once their transaction commits; this version claims its own before. The trigger goes with
 * the next version.
 */
export class Migration20261126210000_handle_forms extends Migration {
  override up(): void {
    this.addSql(CLAIM);
    this.addSql(`
      create constraint trigger claim_handle_forms
        after insert or update of user_handle, user_handle_settled on flex_users deferrable initially deferred
        for each row when (new.user_handle_settled) execute function claim_handle_forms()`);
    this.addSql(`
      create constraint trigger claim_handle_forms
        after insert or update of user_handle on devices deferrable initially deferred
        for each row when (new.user_handle is not null) execute function claim_handle_forms()`);
  }

  override down(): void {
    this.addSql('drop trigger claim_handle_forms on devices');
    this.addSql('drop trigger claim_handle_forms on flex_users');
    this.addSql('drop function claim_handle_forms()');
  }
}

// The user may be gone by the end of the transaction. Tables are named with their schema: the search path may be another.
const CLAIM = `
  create function claim_handle_forms() returns trigger language plpgsql as $claim$
  declare
    owner text;
    forms bytea[];
  begin
    if tg_table_name = 'devices' then owner := new.user_id; else owner := new.id; end if;
    forms := array(select f.form from (
      ${handleForms('select new.app_id as app_id, owner as user_id, new.user_handle as handle')}
    ) as f (app_id, form, user_id));
    execute format(
      'insert into %1$I.user_handles (app_id, form, user_id)
       select u.app_id, f.form, u.id from %1$I.flex_users u, unnest($3) f (form) where u.app_id = $1 and u.id = $2
       on conflict do nothing',
      tg_table_schema) using new.app_id, owner, forms;
    return null;
  end
  $claim$`;
