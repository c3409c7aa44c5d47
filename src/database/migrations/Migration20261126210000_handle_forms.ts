import { Migration } from '@mikro-orm/migrations';

/**
 * Every form of every user handle stands in `user_handles`, those of handles that were made here too. That table then
 * makes handles unique, in place of the key of `flex_users`.
 */
export class Migration20261126210000_handle_forms extends Migration {
  override up(): void {
    this.addSql(CLAIM_ALL);
    this.addSql('alter table flex_users drop constraint flex_users_app_id_user_handle_unique');
  }

  /** What was claimed stays: it keeps others from the same handles, as it should. */
  override down(): void {
    this.addSql(
      'alter table flex_users add constraint flex_users_app_id_user_handle_unique unique (app_id, user_handle)',
    );
  }
}

/** As `userHandleForms`: the bytes, their base64url, and what they are the base64url of, if that is 16 bytes or more. */
const CLAIM_ALL = `
  insert into user_handles (app_id, form, user_id)
  with handles as (
    select app_id, id as user_id, user_handle as handle from flex_users where user_handle_settled
    union
    select app_id, user_id, user_handle from devices where user_handle is not null
  ), texts as (
    select app_id, user_id, handle, encode(handle, 'escape') as text from handles
    where encode(handle, 'escape') ~ '^[A-Za-z0-9_-]{22,}$' and octet_length(handle) % 4 <> 1
  ), decoded as (
    select app_id, user_id, text,
      decode(translate(text, '-_', '+/') || repeat('=', (4 - length(text) % 4) % 4), 'base64') as form
    from texts
  )
  select app_id, handle, user_id from handles
  union
  select app_id, convert_to(${base64url('handle')}, 'UTF8'), user_id from handles
  union
  select app_id, form, user_id from decoded where ${base64url('form')} = text
  on conflict do nothing`;

function base64url(bytes: string): string {
  return `translate(encode(${bytes}, 'base64'), E'+/=\\n', '-_')`;
}
