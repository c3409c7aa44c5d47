/**
 * A query for the rows of `user_handles`, from one for rows of `app_id`, `user_id` and `handle`. As `userHandleForms` has it:
 * the bytes, their base64url, and what they are the base64url of, if that is 16 bytes or more.
 */
export const handleForms = (handles: string): string => `
  with handles as (${handles}), texts as (
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
  select app_id, form, user_id from decoded where ${base64url('form')} = text`;

function base64url(bytes: string): string {
  return `translate(encode(${bytes}, 'base64'), E'+/=\\n', '-_')`;
}
