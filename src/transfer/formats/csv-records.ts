import { parse } from 'csv-parse/sync';
import { OperatorError } from '../../flex/operator-error.js';
import type { Line } from './lines.js';
import { excerpt, RowRefusal } from './transfer-row.js';

const MAX_LINES = 1_000;
const MAX_FOUND = 200; // characters of a header that is told

/** Columns that are read, by our names, which a file may have in any case, with spaces and underscores or without. */
export interface CsvColumns {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

/** A record by our names of its columns; or why it cannot be read. `number` is that of its first line. */
export interface CsvRecord {
  readonly number: number;
  readonly record: Readonly<Record<string, string>> | RowRefusal;
}

/** Fields of one record, or why there are none. */
interface Fields {
  readonly number: number;
  readonly fields: readonly string[] | RowRefusal;
}

/**
 * Reads CSV (RFC 4180) whose first record names the columns; those it was not asked for are ignored. A record that is
 * broken costs its own lines alone. Throws `OperatorError` if the file is empty, or a column is missing or there twice.
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
 * Takes the first record off the lines: a quoted field may hold line ends, so that a record goes on while its quotes do
 * not match. Where that makes no record, the first line is blamed, and the others may well be records of their own.
 * Null where more lines are needed to tell.
 */
function take(open: Line[], maxLength: number, columns: readonly string[] | undefined): Fields | null {
  let quotes = 0;
  let length = 0;
  for (const [index, { text }] of open.entries()) {
    if (typeof text !== 'string') return index === 0 ? blameFirst(open, text) : blameFirst(open);
    quotes += text.split('"').length - 1;
    length += text.length;
    if (quotes % 2 === 0) {
      const fields = fieldsOf(open.slice(0, index + 1), columns);
      if (fields instanceof RowRefusal) return blameFirst(open);
      return { number: open.splice(0, index + 1)[0]!.number, fields };
    }
    if (index === MAX_LINES) break;
  }
  return open.length > MAX_LINES || length > maxLength ? blameFirst(open) : null;
}

const blameFirst = (open: Line[], fields = malformed()): Fields => ({ number: open.shift()!.number, fields });

function fieldsOf(lines: readonly Line[], columns: readonly string[] | undefined): string[] | RowRefusal {
  try {
    const text = lines.map((line) => line.text as string).join('\n');
    // A bare CR ends a record as well, for some: what comes after it must not be lost.
    const [fields, ...more] = parse(text, { relax_column_count: true });
    const isRecord = fields && more.length === 0 && (!columns || fields.length === columns.length);
    return isRecord ? fields : malformed();
  } catch {
    return malformed();
  }
}

/** Our names of the columns, in the order of the file; its own names for those that were not asked for. */
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
    throw invalidFile(`The first line names ${twice} twice: take one of the columns out.`);
  return columns;
}

const plain = (name: string): string => name.toLowerCase().replace(/[\s_]/g, '');

const recordOf = (columns: readonly string[], fields: readonly string[]): Record<string, string> =>
  Object.fromEntries(columns.map((name, index) => [name, fields[index]!]));

const invalidFile = (sentence: string): OperatorError => new OperatorError('invalid_file', sentence);

const malformed = (): RowRefusal =>
  new RowRefusal('malformed_row', 'The row is no CSV record with as many fields as the first line.');
