import { RequestError } from '../http/request.js';
import type { PasskeyTableTexts } from './texts.js';

/** What the user was doing. */
export type PasskeyAction = 'load' | 'add' | 'rename' | 'revoke';

/** The server's code, the `DOMException`'s name, or `unknown`. */
export function errorCode(error: unknown): string {
  if (error instanceof RequestError) return error.code;
  if (error instanceof DOMException) return error.name;
  return 'unknown';
}

/** A sentence for the user about a failed action. */
export function errorSentence(action: PasskeyAction, error: unknown, { errors }: PasskeyTableTexts): string {
  const code = errorCode(error);
  return errors[`${action}.${code}`] ?? errors[code] ?? errors['unknown'] ?? code;
}
