/** The sentence about a PostgreSQL that does not take us in: names the setting, keeps the password in `url` to itself. */
export const connectionError = (url: string, cause: unknown): Error =>
  new Error(
    `The database ${placeOf(url)} does not take Keyway in (${reasonOf(cause)}): ` +
      'set DATABASE_URL to a PostgreSQL database that runs and can be reached from here.',
    { cause },
  );

/** Host, port and database, such as `db.example.com:5432/keyway`. */
function placeOf(text: string): string {
  const url = new URL(text);
  return `${url.host || url.searchParams.get('host')}${url.pathname}`;
}

/** A name with several addresses fails with an error for each, and no message of its own. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
