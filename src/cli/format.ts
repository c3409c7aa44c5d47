const GAP = '  ';
const LEAST = 8; // characters that a column keeps however narrow the terminal is

/**
 * Columns of text under headings. On a terminal no line is longer than `width`: the widest columns are cut, which `…`
 * shows. Elsewhere, where programs read it, everything is there.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  width = process.stdout.isTTY ? process.stdout.columns : Infinity,
): string {
  const lines = [headings.map((it) => it.toUpperCase()), ...rows];
  const widths = headings.map((_heading, column) =>
    Math.max(...lines.map((line) => lengthOf(line[column]!))),
  );
  const total = () => widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1));
  while (total() > width && Math.max(...widths) > LEAST) widths[widths.indexOf(Math.max(...widths))]! -= 1;
  return lines
    .map((line) => line.map((cell, column) => fit(cell, widths[column]!)).join(GAP))
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A name and a value on each line. */
export function list(entries: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...entries.map(([name]) => lengthOf(name)));
  return entries.map(([name, value]) => `${fit(name, width)}${GAP}${value}`.trimEnd()).join('\n');
}

/** A time to the second, in UTC, or what stands for none. */
export const time = (date: Date | null, none = 'never'): string =>
  date === null ? none : date.toISOString().replace(/\.\d+/, '');

/** `1 passkey`, `2 passkeys`. */
export const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const lengthOf = (text: string): number => [...text].length;

function fit(text: string, width: number): string {
  const characters = [...text];
  if (characters.length > width) return `${characters.slice(0, width - 1).join('')}…`;
  return text + ' '.repeat(width - characters.length);
}
