import { PassageError, RequestError } from '@keyway/passage-flex-js';
import type { PasskeyTableTexts } from './texts.js';

/** What the user was doing. */
export type PasskeyAction = 'load' | 'add' | 'rename' | 'revoke';

/** The server's code or the browser client's, else `unknown`. */
export function errorCode(error: unknown): string {
  return error instanceof RequestError || error instanceof PassageError ? error.code : 'unknown';
}

/** The HTTP status of the server's answer; 0 without one. */
export function errorStatus(error: unknown): number {
  if (error instanceof RequestError) return error.status;
  return error instanceof PassageError ? error.statusCode : 0;
}

/** A sentence for the user about a failed action. */
export function errorSentence(
  action: PasskeyAction,
  error: unknown,
  { errors }: Pick<PasskeyTableTexts, 'errors'>,
): string {
  const code = errorCode(error);
  return errors[`${action}.${code}`] ?? errors[code] ?? errors['unknown'] ?? code;
}
