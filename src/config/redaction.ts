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
