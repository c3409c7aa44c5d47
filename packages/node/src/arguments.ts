import { PassageError, PassageErrorCode } from './passage-error.js';

/** The argument itself. Throws `invalid_argument` if it is not text, is empty, or not well-formed Unicode. */
export function required(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw invalidArgument(`${name} is required.`);
  if (!isWellFormed(value)) throw invalidArgument(`${name} is not well-formed text.`);
  return value;
}

/** Whether a call was given its arguments in an object. */
export function isArgs<T extends object>(value: unknown): value is T {
  return typeof value === 'object' && value !== null;
}

export function invalidArgument(message: string): PassageError {
  return new PassageError(0, PassageErrorCode.InvalidArgument, message);
}

/** One segment of a URL's path, escaped. Throws `invalid_argument` if it cannot be one. */
export function toSegment(segment: string): string {
  // URLs drop dot segments, escaped ones too: `users/1/devices/..` would be another resource.
  if (segment === '' || segment === '.' || segment === '..' || !isWellFormed(segment)) {
    throw invalidArgument(`“${segment}” is not an id.`);
  }
  return encodeURIComponent(segment);
}

function isWellFormed(text: string): boolean {
  try {
    encodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
