/** What to do about a schema that lacks migrations; said by the service and by the command line. */
export const SCHEMA_BEHIND =
  'The database schema is not up to date: run `npm run migrate` (in the image: `keyway migrate`) first.';
