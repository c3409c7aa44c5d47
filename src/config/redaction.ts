import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/** The same object, whose members of these names do not show when it is logged, inspected or turned into JSON. */
export function redact<const T extends object>(object: T, ...names: readonly (keyof T)[]): T {
  const shown = () => ({
    ...object,
    ...Object.fromEntries(names.filter((name) => object[name] !== undefined).map((name) => [name, REDACTED])),
  });
  return Object.defineProperties(object, { toJSON: { value: shown }, [inspect.custom]: { value: shown } });
}

/** Freezes plain objects and arrays all the way down; keys and bytes stay as they are, since bytes cannot be frozen. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

const isPlain = (value: object): boolean =>
  Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
