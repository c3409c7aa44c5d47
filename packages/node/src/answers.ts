import { PassageError, PassageErrorCode } from './passage-error.js';

/** A JSON object as the server gave it; {@link read} checks its members. */
export type Json = Readonly<Record<string, unknown>>;

type Check<T> = (value: unknown) => value is T;

const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i;
/** In either alphabet; no number of bytes takes a group of one character. */
const BASE64 = /^(?=[^=])(?:[\w+/-]{4})*(?:[\w+/-]{2,3})?={0,2}$/;

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

/** A member that only some servers have; null unless it is what the check asks for, as it may mean something else there. */
export function readOwn<T>(json: Json, member: string, is: Check<T>): T | null {
  const value = json[member];
  return is(value) ? value : null;
}

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isText = (value: unknown): value is string => typeof value === 'string';

/** Text that is not empty. */
export const isNonEmpty = (value: unknown): value is string => isText(value) && value !== '';

/** The server's id of a user or passkey, which stands in a URL's path as it is. */
export const isId = (value: unknown): value is string => isText(value) && /^[\w-]{1,64}$/.test(value);

/** Bytes in base64 or base64url, at least one, with or without padding. */
export const isBase64 = (value: unknown): value is string => isText(value) && BASE64.test(value);

/** A point in time, RFC 3339. */
export const isDate = (value: unknown): value is string =>
  isText(value) && DATE_TIME.test(value) && !Number.isNaN(Date.parse(value));

/** A whole number from 0. */
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
