import { parse } from 'csv-parse/sync';
import { OperatorError } from '../operator-error.js';
import type { Line } from './lines.js';
import { RowRefusal } from './row-refusal.js';

const MAX_LINES = 1_000;

/** A record by the names of its columns, in lower case; or why it cannot be read. `number` is that of its first line. */
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
 * Reads CSV (RFC 4180) whose first record names the columns. A record that is broken costs its own lines alone. Throws
 * `OperatorError` if a required column is missing.
 */
export async function* readCsv(
  lines: AsyncIterable<Line>,
  required: readonly string[],
  maxLength: number,
): AsyncGenerator<CsvRecord> {
  const open: Line[] = [];
  let columns: readonly string[] | undefined;
  function* closed(limit: number): Generator<CsvRecord> {
    for (let next = take(open, limit, columns); next; next = take(open, limit, columns)) {
      const { number, fields } = next;
      if (columns === undefined) columns = columnsOf(fields, required);
      else yield { number, record: fields instanceof RowRefusal ? fields : recordOf(columns, fields) };
    }
  }
  for await (const line of lines) {
    open.push(line);
    yield* closed(maxLength);
  }
  yield* closed(0);
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

function columnsOf(header: Fields['fields'], required: readonly string[]): readonly string[] {
  const columns = header instanceof RowRefusal ? [] : header.map((name) => name.trim().toLowerCase());
  const missing = required.filter((name) => !columns.includes(name));
  if (missing.length === 0) return columns;
  throw new OperatorError(
    'invalid_file',
    `The first line must name the columns, separated by commas; ${missing.join(', ')} is missing.`,
  );
}

const recordOf = (columns: readonly string[], fields: readonly string[]): Record<string, string> =>
  Object.fromEntries(columns.map((name, index) => [name, fields[index]!]));

const malformed = (): RowRefusal =>
  new RowRefusal('malformed_row', 'The row is no CSV record with as many fields as the first line.');
