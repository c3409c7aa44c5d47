/**
 * Where the shape of a value differs from that of an example: other members, or another type of value. All elements of a
 * list are held to the example's first one, and a list with an example must not be empty. Empty if the shapes agree.
 */
export function differences(example: unknown, actual: unknown, path = '$'): string[] {
  const [wanted, found] = [typeOf(example), typeOf(actual)];
  if (wanted !== found) return [`${path} is ${found} instead of ${wanted}`];
  if (Array.isArray(example)) {
    const elements = actual as unknown[];
    if (example.length === 0) return [];
    if (elements.length === 0) return [`${path} is empty`];
    return elements.flatMap((element, index) => differences(example[0], element, `${path}[${index}]`));
  }
  if (wanted !== 'object') return [];
  const [one, other] = [example, actual] as Record<string, unknown>[];
  const names = new Set([...Object.keys(one!), ...Object.keys(other!)]);
  return [...names].flatMap((name) => differences(one![name], other![name], `${path}.${name}`));
}

const typeOf = (value: unknown): string =>
  value === undefined ? 'missing' : value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
