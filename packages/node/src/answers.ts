import { PassageError, PassageErrorCode } from './passage-error.js';

/** A JSON object as the server gave it; {@link read} checks its members. */
export type Json = Readonly<Record<string, unknown>>;

type Check<T> = (value: unknown) => value is T;

/** For an answer that is not what the protocol promises. */
export function invalidResponse(statusCode: number, message: string): PassageError {
  return new PassageError(statusCode, PassageErrorCode.InvalidResponse, message);
}

/** A member of a successful answer. Throws `invalid_response` if it is not what the check asks for. */
export function read<T>(json: Json, member: string, is: Check<T>): T {
  const value = json[member];
  if (is(value)) return value;
  throw invalidResponse(200, `The server’s answer has no valid ${member}.`);
}

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isText = (value: unknown): value is string => typeof value === 'string';

/** Text that is not empty. */
export const isId = (value: unknown): value is string => isText(value) && value !== '';

/** A point in time, RFC 3339. */
export const isDate = (value: unknown): value is string =>
  isText(value) && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

export const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';

export const isListOf =
  <T>(is: Check<T>) =>
  (value: unknown): value is T[] =>
    Array.isArray(value) && value.every(is);

/** For what a server may leave out. */
export const orNothing =
  <T>(is: Check<T>) =>
  (value: unknown): value is T | null | undefined =>
    (value ?? null) === null || is(value);
