import { BatchedMigration } from '../batched-migration.js';
import { handleForms } from '../handle-forms.js';

/** Claims every form of the user handles that there were before. */
export class Migration20261126210002_claimed_handles extends BatchedMigration {
  override readonly backfill = {
    table: 'flex_users',
    key: ['app_id', 'id'],
    statement: (range: string) => `
      insert into user_handles (app_id, form, user_id)
      ${handleForms(`
        select app_id, id as user_id, user_handle as handle from flex_users it
        where ${range} and user_handle_settled
        union
        select it.app_id, it.id, d.user_handle from flex_users it
        join devices d on d.app_id = it.app_id and d.user_id = it.id
        where ${range} and d.user_handle is not null`)}
      on conflict do nothing`,
  };

  /** What was claimed stays: it keeps others from the same handles, as it should. */
  override down(): void {}
}
