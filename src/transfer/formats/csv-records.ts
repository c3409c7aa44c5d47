import { parse } from 'csv-parse/sync';
import { OperatorError } from '../../errors/operator-error.js';
import type { Line } from './lines.js';
import { excerpt, RowRefusal } from './transfer-row.js';

const MAX_LINES = 1_000;
const MAX_FOUND = 200; // characters of a header that a message quotes

/** The columns to read, by our names. A file may write them in any case, with or without spaces and underscores. */
export interface CsvColumns {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

/** A record by our names of its columns, or why it cannot be read. `number` is that of its first line. */
export interface CsvRecord {
  readonly number: number;
  readonly record: Readonly<Record<string, string>> | RowRefusal;
}

/** The fields of one record, or why it cannot be read. */
interface Fields {
  readonly number: number;
  readonly fields: readonly string[] | RowRefusal;
}

/**
 * Reads CSV (RFC 4180) that names its columns in the first record, and ignores columns that were not asked for. A broken
 * record costs its own lines only: csv-parse's stream would lose all that follows an unclosed quote. Throws
 * `OperatorError` if the file is empty, or if a column is missing or named twice.
 */
export async function* readCsv(
  lines: AsyncIterable<Line>,
  asked: CsvColumns,
  maxLength: number,
): AsyncGenerator<CsvRecord> {
  const open: Line[] = [];
  let columns: readonly string[] | undefined;
  function* closed(limit: number): Generator<CsvRecord> {
    for (let next = take(open, limit, columns); next; next = take(open, limit, columns)) {
      const { number, fields } = next;
      if (columns === undefined) columns = columnsOf(fields, asked);
      else yield { number, record: fields instanceof RowRefusal ? fields : recordOf(columns, fields) };
    }
  }
  for await (const line of lines) {
    open.push(line);
    yield* closed(maxLength);
  }
  yield* closed(0);
  if (columns === undefined) throw invalidFile('The file is empty: its first line must name the columns.');
}

/**
 * Takes the first record off the lines. A quoted field may hold line ends, so a record goes on until its quotes match. If
 * that gives no record, the first line is refused and the others are tried as records of their own. Null if more lines
 * are needed to decide.
 */
function take(open: Line[], maxLength: number, columns: readonly string[] | undefined): Fields | null {
  let quotes = 0;
  let length = 0;
  for (const [index, { text }] of open.entries()) {
    if (typeof text !== 'string') return index === 0 ? refuseFirst(open, text) : refuseFirst(open);
    quotes += text.split('"').length - 1;
    length += text.length;
    if (quotes % 2 === 0) {
      const fields = fieldsOf(open.slice(0, index + 1), columns);
      if (fields instanceof RowRefusal) return refuseFirst(open);
      return { number: open.splice(0, index + 1)[0]!.number, fields };
    }
    if (index === MAX_LINES) break;
  }
  return open.length > MAX_LINES || length > maxLength ? refuseFirst(open) : null;
}

const refuseFirst = (open: Line[], fields = malformed()): Fields => ({
  number: open.shift()!.number,
  fields,
});

function fieldsOf(lines: readonly Line[], columns: readonly string[] | undefined): string[] | RowRefusal {
  try {
    const text = lines.map((line) => line.text as string).join('\n');
    // The parser ends a record at a bare CR as well: what follows it must not be lost.
    const [fields, ...more] = parse(text, { relax_column_count: true });
    const isRecord = fields && more.length === 0 && (!columns || fields.length === columns.length);
    return isRecord ? fields : malformed();
  } catch {
    return malformed();
  }
}

/** The columns in the order of the file, by our names; those that were not asked for by the names in the file. */
function columnsOf(header: Fields['fields'], { required, optional }: CsvColumns): readonly string[] {
  const found = header instanceof RowRefusal ? [] : header;
  const asked = [...required, ...optional];
  const columns = found.map((name) => asked.find((each) => plain(each) === plain(name)) ?? name);
  const missing = required.filter((name) => !columns.includes(name));
  if (missing.length > 0) {
    const instead =
      found.length > 0 ? `; found: ${excerpt(found.map((it) => it.trim()).join(', '), MAX_FOUND)}` : '';
    throw invalidFile(
      `The first line must name the columns, separated by commas; ${missing.join(', ')} is missing${instead}.`,
    );
  }
  const twice = asked.find((name) => columns.indexOf(name) !== columns.lastIndexOf(name));
  if (twice !== undefined)
    throw invalidFile(`The first line names ${twice} twice. Remove one of the two columns.`);
  return columns;
}

const plain = (name: string): string => name.toLowerCase().replace(/[\s_]/g, '');

const recordOf = (columns: readonly string[], fields: readonly string[]): Record<string, string> =>
  Object.fromEntries(columns.map((name, index) => [name, fields[index]!]));

const invalidFile = (sentence: string): OperatorError => new OperatorError('invalid_file', sentence);

const malformed = (): RowRefusal =>
  new RowRefusal('malformed_row', 'The row is not a CSV record with as many fields as the first line.');
