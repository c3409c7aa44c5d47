/** Freezes plain objects and arrays all the way down; keys and bytes stay as they are, since bytes cannot be frozen. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

const isPlain = (value: object): boolean =>
  Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
