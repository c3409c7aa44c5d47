import stringWidth from 'string-width';

const GAP = '  ';
const LEAST = 8; // cells that a column keeps however narrow the terminal is

/**
 * Columns under headings, as wide as a terminal shows them; numbers are aligned on the right. On a terminal no line is
 * longer than `width`: the widest columns are cut, which `…` shows. In a pipe nothing is cut.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  width = process.stdout.isTTY ? process.stdout.columns : Infinity,
): string {
  const lines = [headings.map((it) => it.toUpperCase()), ...rows];
  const isNumeric = headings.map((_heading, column) => typeof rows[0]?.[column] === 'number');
  const widths = headings.map((_heading, column) =>
    Math.max(...lines.map((line) => stringWidth(`${line[column]}`))),
  );
  const total = () => widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1));
  while (total() > width && Math.max(...widths) > LEAST) widths[widths.indexOf(Math.max(...widths))]! -= 1;
  return lines
    .map((line) => line.map((cell, column) => fit(`${cell}`, widths[column]!, isNumeric[column])).join(GAP))
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A name and a value on each line. */
export function list(entries: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...entries.map(([name]) => stringWidth(name)));
  return entries.map(([name, value]) => `${fit(name, width)}${GAP}${value}`.trimEnd()).join('\n');
}

/** A time to the second, in UTC, or what stands for none. */
export const time = (date: Date | null, none = 'never'): string =>
  date === null ? none : date.toISOString().replace(/\.\d+/, '');

/** `1 passkey`, `2 passkeys`. */
export const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

type Cell = string | number;

function fit(text: string, width: number, isNumeric = false): string {
  const shown = stringWidth(text) > width ? `${cut(text, width - 1)}…` : text;
  const space = ' '.repeat(width - stringWidth(shown));
  return isNumeric ? space + shown : shown + space;
}

/** As many whole characters as fit, as people see them: an emoji may be of several code points. */
function cut(text: string, width: number): string {
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(kept + segment) > width) break;
    kept += segment;
  }
  return kept;
}
