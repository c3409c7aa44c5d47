/** The SQLSTATEs of the failures that this service tells apart. */
export const SQL_STATE = {
  divisionByZero: '22012',
  foreignKeyViolation: '23503',
  uniqueViolation: '23505',
  insufficientPrivilege: '42501',
  readOnlyTransaction: '25006',
  invalidStatementName: '26000',
  featureNotSupported: '0A000',
  duplicatePreparedStatement: '42P05',
  deadlockDetected: '40P01',
  lockNotAvailable: '55P03',
} as const;

/**
 * The `code` of an error: the SQLSTATE (five characters) of an error of PostgreSQL, the name such as `ECONNRESET` of an
 * error of Node. Undefined for anything that has no such code.
 */
export function sqlStateOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
